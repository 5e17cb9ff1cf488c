/**
 * `deno task screenshots`: pictures of the status page with some weeks of mail, in `dist/screenshots`
 * and for the README.
 *
 * @module
 */
import { getAvailablePort } from "@std/net/get-available-port";
import { openStore } from "../lib/store/open.ts";
import { startBrowser } from "./browser.ts";
import { Daemon, inDirectory } from "./daemon.ts";
import { seed } from "./web/seed.ts";

const OUTPUT = new URL("../dist/screenshots/", import.meta.url).pathname;
const README = new URL("../docs/status-page.png", import.meta.url).pathname;

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly width: number;
  readonly scheme: "light" | "dark";
}

const SHOTS: readonly Shot[] = [
  { name: "overview", path: "/", width: 1280, scheme: "light" },
  { name: "overview-dark", path: "/?period=7d", width: 1280, scheme: "dark" },
  { name: "overview-phone", path: "/", width: 360, scheme: "light" },
  { name: "search", path: "/search?q=example.net", width: 1280, scheme: "light" },
  { name: "waiting", path: "/waiting", width: 1280, scheme: "light" },
  { name: "lists", path: "/lists", width: 1280, scheme: "dark" },
  { name: "new-entry", path: "/lists/new?list=allow&deferral=62", width: 1280, scheme: "light" },
  { name: "health", path: "/health", width: 1280, scheme: "light" },
  { name: "sign-in", path: "/sign-in", width: 360, scheme: "dark" },
  { name: "help", path: "/help", width: 1280, scheme: "light" },
];

await Deno.mkdir(OUTPUT, { recursive: true });
await inDirectory(async (directory) => {
  const database = `${directory}/greylag.db`;
  const store = openStore({ database, privacy: false });
  seed(store, Date.now());
  store.close();
  const port = getAvailablePort();
  const daemon = await Daemon.start([
    `--inet=${getAvailablePort()}`,
    `--database=${database}`,
    `--status=inet:${port}`,
    "--hostname=mx.example.net",
    "--help-contact=postmaster@example.net",
  ]);
  await daemon.waitFor("status server on");
  const browser = await startBrowser();
  for (const { name, path, width, scheme } of SHOTS) {
    const context = await browser.newContext({
      viewport: { width, height: 800 },
      colorScheme: scheme,
      timezoneId: "Europe/Berlin",
      locale: "en-GB",
    });
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${port}${path}`);
    await page.screenshot({ path: `${OUTPUT}${name}.png`, fullPage: true });
    if (name === "overview") {
      const clip = { x: 0, y: 0, width, height: 1760 };
      await page.screenshot({ path: README, clip, fullPage: true });
    }
    await context.close();
  }
  await browser.close();
  await daemon.stop();
});
