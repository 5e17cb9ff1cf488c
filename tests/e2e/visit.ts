/**
 * A browser that visits the status page of a mail server.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { startBrowser } from "../browser.ts";
import { pathsAbout } from "../web/paths.ts";
import { type MailServer, withMailServer } from "./mail_server.ts";

export const PASSWORD = "correct horse battery";

/** Longer than the update period of the page, in milliseconds. */
export const UPDATE = 3000;

export const PAGES = pathsAbout({
  domain: "example.org",
  client: "192.0.2.10",
  recipient: "bob@example.net",
});

export interface Visit extends MailServer {
  readonly browser: Browser;
  readonly tab: Page;
  /** Violations of the Content-Security-Policy, errors of scripts, and dialogs. */
  readonly errors: string[];
}

type Options = NonNullable<Parameters<Browser["newContext"]>[0]>;

export function collectErrors(context: BrowserContext, errors: string[]): void {
  context.on("weberror", (error) => errors.push(error.error().message));
  context.on("console", (message) => {
    // The tests request such pages on purpose.
    const isExpected = /status of (?:401|404|429)/.test(message.text());
    if (message.type() === "error" && !isExpected) errors.push(message.text());
  });
  context.on("dialog", (dialog) => errors.push(dialog.message()));
}

export async function visit(
  body: (visit: Visit) => Promise<void>,
  options: Options = {},
): Promise<void> {
  await withMailServer(async (server) => {
    await server.setPassword(PASSWORD);
    const browser = await startBrowser();
    const errors: string[] = [];
    try {
      const context = await browser.newContext({ baseURL: server.page, ...options });
      context.setDefaultTimeout(60_000);
      collectErrors(context, errors);
      await body({ ...server, browser, tab: await context.newPage(), errors });
      assertEquals(errors, []);
    } finally {
      await browser.close();
    }
  });
}

export async function signIn(tab: Page): Promise<void> {
  await tab.goto("/sign-in?then=/");
  await tab.getByLabel("Password").fill(PASSWORD);
  await tab.getByRole("button", { name: "Sign in" }).click();
  await tab.getByRole("button", { name: "Sign out" }).waitFor();
}
