import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePort } from "../free_port.ts";
import type { Page } from "playwright-core";
import { startBrowser } from "../browser.ts";
import { CleanUp, sh } from "../clean_up.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually } from "../eventually.ts";
import { ACCEPTED, ALICE, DEFERRED, REJECTED } from "./mail_server.ts";
import { PAGES, PASSWORD, signIn, visit } from "./visit.ts";

/** Pages for people who do not run the server, and the sign-in, tell nothing about its state. */
const PUBLIC = /^\/(?:help|sign-in|confirm)/;

Deno.test("a full disk is seen from every page, with its remedy, and the warning goes with it", async () => {
  await inDirectory(async (directory) => {
    const disk = `${directory}/disk`;
    await Deno.mkdir(disk);
    await using _unmounting = new CleanUp('! mountpoint -q "$1" || umount -l "$1"', disk);
    await sh(`mount -t tmpfs -o size=3m tmpfs ${disk}`);
    const port = freePort();
    const daemon = await Daemon.start([
      `--unix=${directory}/policy`,
      `--database=${disk}/g.db`,
      `--status=inet:${port}`,
    ]);
    await daemon.waitFor("status server on");
    const browser = await startBrowser();
    try {
      const tab = await browser.newPage({ baseURL: `http://127.0.0.1:${port}` });
      await daemon.ask({ sender: "alice@example.org" });
      const fill = () => sh(`cat /dev/zero >> ${disk}/filler 2> /dev/null || true`);
      await fill();
      let asked = 0;
      const untilMailPasses = () =>
        eventually(
          "mail passes",
          async () =>
            (await daemon.ask({ sender: `s${asked++}@example.org` })).startsWith("action=DUNNO"),
        );
      await untilMailPasses();
      for (const path of PAGES.filter((one) => !PUBLIC.test(one))) {
        // The daemon tries again to write; the next request fails again.
        await untilMailPasses();
        // A database that is closed after an error deletes its log.
        await fill();
        await untilMailPasses();
        await tab.goto(path);
        const banner = tab.getByRole("alert").filter({ hasText: "All mail passes" });
        assertEquals(await banner.count(), 1, path);
        assert(await banner.getByRole("link", { name: /Health|problems/ }).isVisible(), path);
        assertMatch(await tab.title(), /^⚠ /, path);
        const badge = tab.getByRole("link", { name: /^Health \d+ ?problems$/ });
        assertEquals(await badge.count(), 1, path);
      }
      await tab.getByRole("link", { name: /^Health \d/ }).click();
      await tab.getByRole("region", { name: "Problems" }).getByText("disk").first().waitFor();
      await Deno.remove(`${disk}/filler`);
      await eventually(
        "mail is greylisted",
        async () =>
          (await daemon.ask({ sender: `s${asked++}@example.org` })).startsWith("action=DEFER"),
      );
      await tab.goto("/waiting");
      assertEquals(await tab.getByText("All mail passes").count(), 0);
      assertEquals(await tab.title(), "Waiting – Greylag");
    } finally {
      await browser.close();
      await daemon.stop();
    }
  });
});

/** The number that a text begins with. */
const numberIn = (text: string | null) =>
  Number(/[\d\u202f]+/.exec(text!)![0].replace("\u202f", ""));

Deno.test("what it did this week: the sentence, its figures and the lists behind them agree", async () => {
  await visit(async ({ tab, code, untilCode, greylag, untilRecorded }) => {
    await greylag("block", "mallory@example.org");
    await untilCode({ ...ALICE, sender: "mallory@example.org" }, REJECTED);
    for (const name of ["alice", "carol", "dave"]) {
      assertEquals(await code({ ...ALICE, sender: `${name}@example.org` }), DEFERRED);
    }
    await greylag("allow", "erin@example.com");
    await untilCode({ ...ALICE, sender: "erin@example.com" }, ACCEPTED);
    // untilCode may have asked more than once: a count of all would not wait for the last one.
    await untilRecorded(1, "reason=allowed");
    await tab.goto("/");
    const status = tab.getByRole("region", { name: "Status" });
    await status.getByText("Working.").waitFor();
    await status.getByText("last 7 days").waitFor();
    const links = await status.getByRole("link").all();
    assert(links.length > 0);
    const targets = await Promise.all(links.map(async (link) => ({
      text: (await link.textContent())!,
      href: (await link.getAttribute("href"))!,
    })));
    for (const { text, href } of targets) {
      await tab.goto(href);
      const rows = await tab.locator("#list tbody tr").count();
      assertEquals(rows, numberIn(text), `${text}: ${href}`);
    }
  });
});

async function fitsScreen(tab: Page): Promise<boolean> {
  return Boolean(await tab.evaluate("document.documentElement.scrollWidth <= innerWidth"));
}

Deno.test("on a phone a message is found, understood and let in with the thumb", async () => {
  await visit(async ({ tab, replyTo, untilCode, untilRecorded }) => {
    await replyTo(ALICE);
    await untilRecorded(1);
    await tab.goto("/");
    await tab.getByLabel("Find mail").fill("alice");
    await tab.getByRole("button", { name: "Find", exact: true }).tap();
    const row = tab.getByRole("region", { name: "Deferred mail" }).getByRole("row", {
      name: /alice@example\.org/,
    });
    await row.waitFor();
    assert(await fitsScreen(tab));
    await row.getByLabel("More actions").tap();
    await row.getByRole("link", { name: "Details" }).tap();
    await tab.getByText("The server tried once.").waitFor();
    assert(await fitsScreen(tab));
    const accept = tab.getByRole("button", { name: /^Accept next retry/ });
    const box = (await accept.boundingBox())!;
    assert(box.height >= 32 && box.x >= 0 && box.x + box.width <= 320, JSON.stringify(box));
    // Without scrolling.
    assert(box.y + box.height <= 640, JSON.stringify(box));
    await accept.tap();
    await tab.getByLabel("Password").fill(PASSWORD);
    await tab.getByRole("button", { name: "Sign in" }).tap();
    await tab.getByRole("button", { name: "Confirm" }).tap();
    await tab.getByText("Next retry will be accepted").first().waitFor();
    assertMatch(tab.url(), /\/messages\/\d+$/);
    await untilCode(ALICE, ACCEPTED);
  }, { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true });
});

Deno.test("a sender finds the state of his message on the help page, in his language", async () => {
  await visit(async ({ tab, replyTo, untilRecorded }) => {
    await replyTo(ALICE);
    await untilRecorded(1);
    await tab.goto("/help");
    await tab.getByRole("heading", { name: "Wo ist meine Nachricht?" }).waitFor();
    await tab.getByLabel("Ihre Adresse").fill("alice@example.org");
    await tab.getByLabel("Empfänger").fill("bob@example.net");
    const now = new Date().toISOString().slice(0, 16);
    await tab.getByLabel("Gesendet am").fill(now);
    await tab.getByLabel("Zeitzone").selectOption("+00:00");
    await tab.getByRole("button", { name: "Nachsehen" }).click();
    await tab.getByText("liegt in der Warteschlange Ihres Mailservers. Ein neuer Versuch")
      .waitFor();
    await tab.getByLabel("Empfänger").fill("eve@example.net");
    await tab.getByRole("button", { name: "Nachsehen" }).click();
    await tab.getByText("Keine verzögerte Nachricht passt").waitFor();
    await tab.getByRole("link", { name: "Polski" }).click();
    await tab.getByRole("heading", { name: "Gdzie jest moja wiadomość?" }).waitFor();
  }, { locale: "de-AT" });
});

Deno.test("a signed-in administrator stays signed in while the page restarts", async () => {
  await visit(async ({ tab, directory, daemon }) => {
    await signIn(tab);
    await Deno.writeTextFile(`${directory}/clients`, "mail.example.com\n");
    await Deno.writeTextFile(
      `${directory}/greylag.toml`,
      `${await Deno.readTextFile(`${directory}/greylag.toml`)}\n` +
        `whitelist_clients = ["${directory}/clients"]\n`,
    );
    await daemon.reload("configuration reread");
    await tab.goto("/lists");
    await tab.getByRole("button", { name: "Sign out" }).waitFor();
  });
});
