/**
 * `deno task screenshots [NAME] [WIDTH] [SCHEME]`: pictures of all pages of the status page with some
 * weeks of mail, in `dist/screenshots`, and the one of the README.
 *
 * @module
 */
import { freePort } from "./free_port.ts";
import { openStore } from "../lib/store/open.ts";
import { startBrowser } from "./browser.ts";
import { Daemon, inDirectory } from "./daemon.ts";
import { seed } from "./web/seed.ts";

const OUTPUT = new URL("../dist/screenshots/", import.meta.url).pathname;
const README = new URL("../docs/status-page.png", import.meta.url).pathname;

const PAGES: Readonly<Record<string, string>> = {
  overview: "/",
  top: "/top",
  search: "/search?q=example.net",
  waiting: "/waiting",
  lost: "/lost",
  deferred: "/deferred",
  decisions: "/decisions",
  filtered: "/decisions?verdict=defer&domain=prize-4711.example&since=7d",
  message: "/messages/61",
  sender: "/senders?of=bookshop.example",
  lists: "/lists",
  "new-entry": "/lists/new?list=allow&deferral=61",
  preview: "/lists/new?list=block&match_on=sender&pattern=prize-4711.example",
  known: "/known",
  "auto-whitelisted": "/auto-whitelisted",
  health: "/health",
  "sign-in": "/sign-in",
  help: "/help",
  "help-german": "/help?lang=de",
};

const WIDTHS = [320, 375, 768, 1280, 1920];
const SCHEMES = ["light", "dark"] as const;

const [onlyName, onlyWidth, onlyScheme] = Deno.args;

await Deno.mkdir(OUTPUT, { recursive: true });
await inDirectory(async (directory) => {
  const database = `${directory}/greylag.db`;
  const store = openStore({ database, privacy: false });
  seed(store, Date.now());
  store.close();
  const port = freePort();
  const daemon = await Daemon.start([
    `--inet=${freePort()}`,
    `--database=${database}`,
    `--status=inet:${port}`,
    "--hostname=mx.example.net",
    "--help-contact=postmaster@example.net",
  ]);
  await daemon.waitFor("status server on");
  const browser = await startBrowser();
  for (const scheme of SCHEMES.filter((one) => onlyScheme === undefined || one === onlyScheme)) {
    for (const width of WIDTHS.filter((one) => !onlyWidth || one === Number(onlyWidth))) {
      const context = await browser.newContext({
        viewport: { width, height: 800 },
        colorScheme: scheme,
        timezoneId: "Europe/Berlin",
        locale: "en-GB",
      });
      const page = await context.newPage();
      for (const [name, path] of Object.entries(PAGES)) {
        if (onlyName && onlyName !== "all" && !onlyName.split(",").includes(name)) continue;
        await page.goto(`http://127.0.0.1:${port}${path}`);
        await page.screenshot({ path: `${OUTPUT}${name}-${width}-${scheme}.png`, fullPage: true });
        if (name === "overview" && width === 1280 && scheme === "light") {
          const clip = { x: 0, y: 0, width, height: 1500 };
          await page.screenshot({ path: README, clip, fullPage: true });
        }
      }
      await context.close();
    }
  }
  await browser.close();
  await daemon.stop();
});
