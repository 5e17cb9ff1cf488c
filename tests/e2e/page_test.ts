import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { pause } from "../eventually.ts";
import { ACCEPTED, ALICE, DEFERRED, REJECTED } from "./mail_server.ts";
import { PAGES, PASSWORD, signIn, UPDATE, visit } from "./visit.ts";

const waiting = (tab: Page) => tab.getByRole("region", { name: "Waiting" });

Deno.test("a deferred message appears on the open page, is released, and its retry passes", async () => {
  await visit(async ({ tab, code, untilCode, daemon, page }) => {
    await signIn(tab);
    assertStringIncludes((await waiting(tab).textContent())!, "No mail is waiting.");
    assertEquals(await code(ALICE), DEFERRED);
    const row = waiting(tab).getByRole("row", { name: /alice@example\.org/ });
    await row.waitFor();
    const text = (await row.textContent())!;
    for (
      const part of [
        "bob@example.net",
        "mail.example.org",
        "192.0.2.10",
        "retry accepted in",
      ]
    ) {
      assertStringIncludes(text, part);
    }
    await tab.getByRole("button", { name: /^Accept next retry: alice@example.org/ }).first()
      .click();
    await tab.getByText("Next retry will be accepted").waitFor();
    await untilCode(ALICE, ACCEPTED);
    const decisions = tab.getByRole("region", { name: "Recent decisions" });
    await decisions.getByText("allowed").first().waitFor();
    await daemon.waitFor("status page: entry 1: release alice@example.org to bob@example.net");
    // Metrics and API count the same event once.
    const metrics = await (await fetch(`${page}/metrics`)).text();
    assertStringIncludes(metrics, 'greylag_requests_total{reason="allowed"} 1\n');
    const summary = await (await fetch(`${page}/api/v1/summary?since=25h`)).json();
    assertEquals([summary.reasons.new, summary.reasons.allowed], [1, 1]);
  });
});

Deno.test("entries of allow and block are added, removed and restored with a few clicks", async () => {
  await visit(async ({ tab, replyTo, untilCode }) => {
    await signIn(tab);
    await replyTo(ALICE);
    const row = waiting(tab).getByRole("row", { name: /alice@example\.org/ });
    await row.getByLabel("More actions").click();
    await row.getByRole("link", { name: "Allow … alice@example.org" }).click();
    await tab.getByRole("link", { name: "org:example.org" }).click();
    await tab.getByLabel("Note").fill("called us");
    await tab.getByRole("button", { name: "Preview" }).click();
    await tab.getByText("it would have accepted 1 message").waitFor();
    await tab.getByRole("button", { name: "Add entry" }).click();
    await tab.getByText("Added entry 1: allow client org:example.org").waitFor();
    await untilCode(ALICE, ACCEPTED);

    await tab.goto("/lists/new?list=block");
    await tab.getByLabel("Pattern").fill("alice@example.org");
    await tab.getByRole("button", { name: "Preview" }).click();
    await tab.getByRole("button", { name: "Add entry" }).click();
    await tab.getByText("Added entry 2: block sender alice@example.org").waitFor();
    await untilCode(ALICE, REJECTED);
    await tab.getByRole("button", { name: "Undo" }).click();
    await tab.getByText("Undone: removed entry 2").waitFor();
    await tab.getByLabel("More actions for entry 1").click();
    await tab.getByRole("button", { name: "Remove entry 1" }).click();
    await tab.getByText("Removed entry 1").waitFor();
    await untilCode(ALICE, DEFERRED);
    await tab.getByRole("button", { name: "Undo" }).click();
    await tab.getByText("Undone: restored entry").waitFor();
    await untilCode(ALICE, ACCEPTED);
  });
});

Deno.test("an exempted recipient gets mail without delay, found by a part of an address", async () => {
  await visit(async ({ tab, code, untilCode, untilRecorded }) => {
    await signIn(tab);
    await tab.getByLabel("Expecting mail for").fill("bob@example.net");
    await tab.getByRole("button", { name: "Exempt", exact: true }).click();
    await tab.getByText("Exempted bob@example.net from greylisting").waitFor();
    await untilCode(ALICE, ACCEPTED);
    assertEquals(await code({ ...ALICE, recipients: ["eve@example.net"] }), DEFERRED);
    // The last decision of all.
    await untilRecorded(1, "q=eve@example.net");
    await tab.getByLabel("Find mail").fill("LICE@exam");
    await tab.getByRole("button", { name: "Find", exact: true }).click();
    await tab.getByRole("region", { name: "Decisions" }).getByText("allowed").first().waitFor();
    const deferred = tab.getByRole("region", { name: "Deferred mail" });
    await deferred.getByText("eve@example.net").waitFor();
    await tab.getByLabel("Find mail").fill("mallory");
    await tab.getByRole("button", { name: "Find", exact: true }).click();
    await deferred.getByText("No matches.").waitFor();
  });
});

Deno.test("a button leads to the sign-in, a wrong password is rejected, and signing out ends the session", async () => {
  await visit(async ({ tab, replyTo }) => {
    await replyTo(ALICE);
    await tab.goto("/waiting");
    await tab.getByRole("button", { name: /^Accept next retry/ }).click();
    await tab.getByLabel("Password").fill("wrong password");
    await tab.getByRole("button", { name: "Sign in" }).click();
    await tab.getByRole("alert").getByText("Wrong password").waitFor();
    await tab.getByLabel("Password").fill(PASSWORD);
    await tab.getByRole("button", { name: "Sign in" }).click();
    await tab.getByRole("button", { name: "Sign out" }).click();
    await tab.getByRole("link", { name: "Sign in" }).waitFor();
    const cookies = await tab.context().cookies();
    assertEquals(cookies.filter(({ name }) => name === "greylag_session"), []);
  });
});

Deno.test("everything works without JavaScript", async () => {
  await visit(async ({ tab, replyTo, untilCode, untilRecorded }) => {
    await signIn(tab);
    await replyTo(ALICE);
    await untilRecorded(1);
    await tab.goto("/");
    assertMatch((await waiting(tab).locator("time").first().textContent())!, /ago$|^now$/);
    await waiting(tab).getByRole("button", { name: /^Accept next retry/ }).click();
    await tab.getByText("Next retry will be accepted").waitFor();
    await untilCode(ALICE, ACCEPTED);
    await tab.getByRole("button", { name: "Undo" }).click();
    await tab.getByText("Undone").waitFor();
    assertEquals(await tab.getByRole("button", { name: "Live" }).isVisible(), false);
  }, { javaScriptEnabled: false });
});

Deno.test("the keyboard reaches the content and the search, with a visible focus", async () => {
  await visit(async ({ tab }) => {
    await tab.goto("/");
    const focused = () => tab.evaluate("document.activeElement.id");
    await tab.keyboard.press("Tab");
    assertEquals(await tab.evaluate("document.activeElement.textContent"), "Skip to content");
    await tab.keyboard.press("Enter");
    await tab.keyboard.press("Tab");
    // The links of the status sentence stand before the two forms.
    for (let tabs = 0; tabs < 6 && await focused() !== "q"; tabs++) await tab.keyboard.press("Tab");
    assertEquals(await focused(), "q");
    assertMatch(
      String(await tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")),
      /solid|auto/,
    );
    await tab.keyboard.type("alice");
    await tab.keyboard.press("Enter");
    await tab.getByRole("heading", { name: "Find mail" }).waitFor();
    assertStringIncludes(tab.url(), "q=alice");
  });
});

Deno.test("times are in the time zone of the browser, and live updates can be switched off", async () => {
  await visit(async ({ tab, replyTo, untilRecorded }) => {
    await replyTo(ALICE);
    await untilRecorded(1);
    await tab.goto("/");
    const time = waiting(tab).locator("time").first();
    assertMatch((await time.getAttribute("title"))!, /GMT\+9|JST/);
    const live = tab.getByRole("button", { name: "Live" });
    await live.click();
    assertEquals(await live.getAttribute("aria-pressed"), "false");
    await replyTo({ ...ALICE, sender: "carol@example.org" });
    await pause(UPDATE);
    assertEquals(await waiting(tab).getByText("carol@example.org").count(), 0);
    await live.click();
    await waiting(tab).getByText("carol@example.org").waitFor();
  }, { timezoneId: "Asia/Tokyo", locale: "en-GB" });
});

const HOSTILE = [
  "<script>alert(document.title)</script>",
  `"><img src=x onerror=alert(1)>`,
  `'onfocus='alert(1)'autofocus='`,
  "</td></table></main><h1>gone</h1>",
  "{{7*7}}${7*7}",
  "javascript:alert(1)",
];

Deno.test("hostile text in an envelope appears as text and changes no page", async () => {
  await visit(async ({ tab, send, page, untilRecorded }) => {
    for (const text of HOSTILE) {
      const quoted = text.replaceAll(/[\\"]/g, "\\$&");
      await send({
        ...ALICE,
        helo: text.replaceAll(" ", ""),
        sender: `"${quoted}"@example.org`,
        recipients: [`"${quoted}"@example.net`],
      });
    }
    await untilRecorded(HOSTILE.length);
    await signIn(tab);
    const { items } = await (await fetch(`${page}/api/v1/decisions?limit=200`)).json();
    assertEquals(items.length, HOSTILE.length);
    for (const path of PAGES) {
      await tab.goto(path);
      assertEquals(
        await tab.locator("main script, main img, main h1 ~ h1, main h1 *").count(),
        0,
        path,
      );
      assertEquals(await tab.locator("footer").count(), 1, path);
    }
    await tab.goto("/decisions");
    for (const text of HOSTILE) {
      assert((await tab.getByText(text.slice(0, 20)).count()) >= 2, text);
    }
  });
});

Deno.test("hostile text that only a policy client can send appears as text and changes no page", async () => {
  await visit(async ({ tab, daemon, page, untilRecorded }) => {
    const values = [
      ...HOSTILE,
      "\u202egnirts \u2066esrever\u2069",
      "a\x00b\x07c\x1b[2Jd",
      "\ud83d\ude00".repeat(100),
      `${"e\u0301\u0302\u0303\u0304\u0305".repeat(60)}@example.org`,
      "\u200b\ufeff\u2028\u2029",
      "x".repeat(2000),
      "<".repeat(2000),
      "x".repeat(65_536),
    ];
    for (const text of values) {
      const value = text.replaceAll(/[\n]/g, "");
      for (const name of ["sender", "recipient", "helo_name", "client_name"]) {
        await daemon.ask({ [name]: value });
      }
    }
    await untilRecorded(4 * (values.length - 1));
    await signIn(tab);
    for (
      const path of ["/", "/waiting", "/decisions", "/lost", "/search?q=e", "/lists/new?deferral=3"]
    ) {
      await tab.goto(path);
      assertEquals(await tab.evaluate("document.documentElement.scrollWidth"), 1280, path);
      assertEquals(await tab.locator("main script, main img").count(), 0, path);
      const text = String(await tab.evaluate("document.body.innerText"));
      assert(!/[\u202a-\u202e\u2066-\u2069\u200b\u2028\ufeff]/.test(text), path);
      assert(!text.includes("\0") && !text.includes("\x1b"), path);
      // A row has a few lines at most.
      const highest = Number(
        await tab.evaluate(
          `Math.max(0, ...[...document.querySelectorAll("tbody tr")].map((row) => row.offsetHeight))`,
        ),
      );
      assert(highest < 240, `${path}: ${highest} px`);
    }
    const stream = await fetch(`${page}/api/v1/events`);
    await stream.body!.cancel();
  }, { viewport: { width: 1280, height: 800 } });
});

Deno.test("a hostile web page reaches nothing by scripts, forms or frames", async () => {
  await visit(async ({ tab, browser, page, greylag, errors }) => {
    await signIn(tab);
    const { cookies } = await tab.context().storageState();
    const attacker = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      () =>
        new Response(
          `<!doctype html><form id=f method=post action="${page}/lists/add">` +
            `<input name=list value=allow><input name=pattern value=evil.example>` +
            `<input name=csrf value=guess></form><iframe src="${page}/"></iframe>` +
            `<script>fetch("${page}/api/v1/decisions").then(r => r.text()).then(` +
            `t => document.title = "read", () => document.title = "refused")</script>`,
          { headers: { "content-type": "text/html" } },
        ),
    );
    const context = await browser.newContext();
    await context.addCookies(cookies);
    const other = await context.newPage();
    // Another port of the same host is the same site but another origin.
    await other.goto(`http://127.0.0.1:${attacker.addr.port}/`);
    await other.waitForFunction(`document.title !== ""`);
    assertEquals(await other.title(), "refused");
    const frame = other.frames()[1]!;
    assert(!(await frame.content()).includes("Waiting"));
    await other.evaluate("document.getElementById('f').submit()");
    await other.getByText("did not come from a page of this server").waitFor();
    assertEquals(JSON.parse((await greylag("list", "--json")).out), []);
    await context.close();
    await attacker.shutdown();
    assertEquals(errors, []);
  });
});

Deno.test("a message that did not arrive is found and let in with three clicks, signed out at first", async () => {
  await visit(async ({ tab, replyTo, untilCode, untilRecorded }) => {
    await replyTo(ALICE);
    await untilRecorded(1);
    await tab.goto("/");
    await tab.getByLabel("Find mail").fill("alice");
    await tab.keyboard.press("Enter");
    const row = tab.getByRole("region", { name: "Deferred mail" }).getByRole("row", {
      name: /alice@example\.org/,
    });
    await row.getByRole("button", { name: /^Accept next retry/ }).click();
    await tab.getByLabel("Password").fill(PASSWORD);
    await tab.keyboard.press("Enter");
    await tab.getByText("Accept the next retry of mail from alice@example.org to bob@example.net?")
      .waitFor();
    await tab.getByRole("button", { name: "Confirm" }).click();
    await tab.getByText("Next retry will be accepted").waitFor();
    assertMatch(tab.url(), /\/search\?q=alice$/);
    await untilCode(ALICE, ACCEPTED);
  });
});

Deno.test("the page of a message tells its state, its attempts and its evidence", async () => {
  await visit(async ({ tab, replyTo, untilRecorded }) => {
    await replyTo(ALICE);
    await untilRecorded(1);
    await tab.goto("/decisions");
    await tab.getByRole("link", { name: "Details of alice@example.org" }).click();
    await tab.getByText("The server tried once.").waitFor();
    await tab.getByRole("region", { name: "Timeline" }).getByText("deferred").waitFor();
    await tab.getByRole("region", { name: "Evidence" }).getByText("mail.example.org").first()
      .waitFor();
    await tab.getByRole("region", { name: "Message" }).getByRole("link", {
      name: "bob@example.net",
    }).click();
    await tab.getByRole("heading", { name: "Recipient bob@example.net" }).waitFor();
  });
});

Deno.test("a figure leads to its list, a filter combines with others and is removed", async () => {
  await visit(async ({ tab, replyTo, untilRecorded }) => {
    await replyTo(ALICE);
    await replyTo({ ...ALICE, sender: "carol@example.com" });
    await untilRecorded(2);
    await tab.goto("/?period=24h");
    await tab.getByRole("link", { name: /^2 ?deferred/ }).click();
    await tab.waitForURL(({ pathname }) => pathname !== "/");
    const rows = () => tab.locator("tbody tr").count();
    assertEquals(await rows(), 2);
    await tab.goto("/decisions?domain=example.com");
    assertEquals(await rows(), 1);
    await tab.getByLabel("any decision").selectOption("pass");
    await tab.getByRole("button", { name: "Find", exact: true }).click();
    await tab.getByText("No matches.").waitFor();
    await tab.getByRole("link", { name: "Remove the filter decision" }).click();
    await tab.waitForURL(({ searchParams }) => !searchParams.has("decision"));
    assertEquals(await rows(), 1);
    assertStringIncludes(tab.url(), "domain=example.com");
    const download = tab.waitForEvent("download");
    await tab.getByRole("link", { name: "CSV" }).click();
    assertEquals((await download).suggestedFilename(), "greylag-decisions.csv");
  });
});

Deno.test("the chosen colours are remembered on every page", async () => {
  await visit(async ({ tab }) => {
    await tab.goto("/");
    const background = () => tab.evaluate("getComputedStyle(document.body).backgroundColor");
    const light = await background();
    const button = tab.getByRole("button", { name: /^Colours/ });
    await button.click();
    await button.click();
    const dark = await background();
    assert(dark !== light);
    await tab.goto("/health");
    assertEquals(await background(), dark);
  }, { colorScheme: "light" });
});
