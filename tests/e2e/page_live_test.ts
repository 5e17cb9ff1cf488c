import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { eventually, pause } from "../eventually.ts";
import { ALICE } from "./mail_server.ts";
import { signIn, UPDATE, visit } from "./visit.ts";

/** The waiting mail of the overview or of its own page. */
const waiting = (tab: Page) => tab.locator("#waiting, #list").first();
const row = (tab: Page, sender: string) =>
  waiting(tab).getByRole("row", { name: new RegExp(sender) });
const from = (name: string) => ({ ...ALICE, sender: `${name}@example.org` });

/** The vertical position of a row. */
async function top(tab: Page, sender: string): Promise<number> {
  return (await row(tab, sender).boundingBox())!.y;
}

Deno.test("rows under the pointer stay, and a button shows how many are new", async () => {
  await visit(async ({ tab, replyTo }) => {
    await replyTo(from("alice"));
    await tab.goto("/waiting");
    await row(tab, "alice").hover();
    const before = await top(tab, "alice");
    for (const name of ["carol", "dave", "erin"]) await replyTo(from(name));
    await waiting(tab).getByRole("button", { name: "3 new" }).waitFor();
    assertEquals(await top(tab, "alice"), before);
    assertEquals(await row(tab, "carol").count(), 0);
    await waiting(tab).getByRole("button", { name: "3 new" }).click();
    await row(tab, "carol").waitFor();
    assertEquals(await waiting(tab).getByRole("button", { name: /new$/ }).count(), 0);
  });
});

Deno.test("what was held back appears when the pointer leaves", async () => {
  await visit(async ({ tab, replyTo }) => {
    await replyTo(from("alice"));
    await tab.goto("/waiting");
    await row(tab, "alice").hover();
    await replyTo(from("carol"));
    await tab.getByRole("button", { name: "1 new" }).waitFor();
    await tab.getByRole("heading", { level: 1 }).hover();
    await row(tab, "carol").waitFor();
  });
});

Deno.test("rows with the focus or a selection stay, and an open menu stays open", async () => {
  await visit(async ({ tab, replyTo }) => {
    await replyTo(from("alice"));
    await tab.goto("/waiting");
    await row(tab, "alice").getByRole("button", { name: /^Accept/ }).focus();
    await replyTo(from("bob"));
    await tab.getByRole("button", { name: "1 new" }).waitFor();
    await tab.evaluate("document.activeElement.blur()");
    await row(tab, "bob").waitFor();

    await tab.evaluate(`getSelection().selectAllChildren(document.querySelector("td.mail"))`);
    const selected = String(await tab.evaluate("getSelection().toString()"));
    assert(selected.includes("@"));
    await replyTo(from("carol"));
    await tab.getByRole("button", { name: "1 new" }).waitFor();
    assertEquals(await tab.evaluate("getSelection().toString()"), selected);
    await tab.evaluate("getSelection().removeAllRanges()");
    await row(tab, "carol").waitFor();

    await row(tab, "alice").getByLabel("More actions").click();
    await tab.getByRole("heading", { level: 1 }).hover();
    await tab.evaluate("document.activeElement.blur()");
    await replyTo(from("dave"));
    await tab.getByRole("button", { name: "1 new" }).waitFor();
    assert(await row(tab, "alice").getByRole("link", { name: "Details" }).isVisible());
    await row(tab, "alice").getByLabel("More actions").click();
    await tab.evaluate("document.activeElement.blur()");
    await tab.getByRole("heading", { level: 1 }).hover();
    await row(tab, "dave").waitFor();
  });
});

Deno.test("a change above a list in use does not move it", async () => {
  await visit(async ({ tab, replyTo }) => {
    await replyTo(from("alice"));
    await tab.goto("/");
    const decisions = tab.getByRole("region", { name: "Recent decisions" });
    await decisions.getByRole("row", { name: /alice/ }).hover();
    const before = await decisions.boundingBox();
    await replyTo(from("carol"));
    await decisions.getByRole("button", { name: "1 new" }).waitFor();
    assertEquals(await decisions.boundingBox(), before);
    assertEquals(await row(tab, "carol").count(), 0);
  });
});

/** Open event streams of the page, by the sockets of this host. */
async function streams(page: string): Promise<number> {
  const port = Number(new URL(page).port).toString(16).toUpperCase().padStart(4, "0");
  const lines = (await Deno.readTextFile("/proc/net/tcp")).split("\n");
  // The server's end of each established connection.
  return lines.filter((line) => new RegExp(`^ *\\d+: \\w+:${port} \\w+:\\w+ 01 `).test(line))
    .length;
}

Deno.test("seven tabs are all live, and share one stream", async () => {
  await visit(async ({ tab, replyTo, page }) => {
    await signIn(tab);
    const tabs = [tab];
    for (let at = 1; at < 7; at++) tabs.push(await tab.context().newPage());
    for (const one of tabs) await one.goto("/");
    await replyTo(from("alice"));
    for (const one of tabs) await row(one, "alice").waitFor();
    // Another six would be the streams of the tabs.
    assert(await streams(page) <= 6, `${await streams(page)} connections`);
    await tabs[3]!.goto("/waiting");
    for (const one of tabs.slice(4)) await one.close();
    await replyTo(from("carol"));
    for (const one of tabs.slice(0, 4)) await row(one, "carol").waitFor();
  });
});

Deno.test("a browser without shared workers is live, with a stream while the page is visible", async () => {
  await visit(async ({ tab, replyTo, page }) => {
    await tab.addInitScript(`
      delete self.SharedWorker;
      let hidden = false;
      Object.defineProperty(document, "hidden", { get: () => hidden });
      self.setHidden = (value) => {
        hidden = value;
        document.dispatchEvent(new Event("visibilitychange"));
      };
    `);
    await tab.goto("/");
    await replyTo(from("alice"));
    await row(tab, "alice").waitFor();
    const before = await streams(page);
    await tab.evaluate("setHidden(true)");
    await eventually("the stream is closed", async () => await streams(page) < before);
    await replyTo(from("carol"));
    await pause(UPDATE);
    assertEquals(await row(tab, "carol").count(), 0);
    await tab.evaluate("setHidden(false)");
    await row(tab, "carol").waitFor();
  });
});
