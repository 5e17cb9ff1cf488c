import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { recordDeferral, withPage } from "../page.ts";

Deno.test("the help page has the administrator's text, escaped, and no links to other pages", async () => {
  await withPage(async ({ get }) => {
    const text = await (await get("/help")).text();
    assertStringIncludes(text, "My mail was delayed");
    assertStringIncludes(text, "Sorry &lt;b&gt;for&lt;/b&gt; that.");
    assertStringIncludes(text, 'href="mailto:admin@example.net"');
    assert(!text.includes("/waiting") && !text.includes("Sign in"));
  }, { settings: { helpText: "Sorry <b>for</b> that.", helpContact: "admin@example.net" } });
  for (const helpContact of ["javascript:alert(1)", '"><script>', 'https://x.example/"onclick=1']) {
    await withPage(async ({ get }) => {
      const text = await (await get("/help")).text();
      assert(!/href="javascript|<script|href="https:\/\/x/.test(text), text);
    }, { settings: { helpContact } });
  }
});

Deno.test("the help page speaks the visitor's language", async () => {
  await withPage(async ({ get }) => {
    const german = await get("/help", { "accept-language": "de-AT,en;q=0.5" });
    assertEquals(german.headers.get("vary"), "accept-language");
    const text = await german.text();
    assertStringIncludes(text, '<html lang="de">');
    assertStringIncludes(text, "frühestens nach 50 Sekunden");
    assertStringIncludes(text, 'href="/help?lang=pl" lang="pl"');
    const chosen = await get("/help?lang=fr", { "accept-language": "de" });
    assertStringIncludes(await chosen.text(), "Mon message arrive en retard");
  });
});

const QUESTION = {
  sender: "alice@example.org",
  recipient: "bob@example.net",
  time: "2026-11-26T12:00",
  zone: "+00:00",
};
const NOW = Date.parse("2026-11-26T12:00:00Z");

Deno.test("the form of the help page tells a sender the state of his message, without a sign-in", async () => {
  await withPage(async (page) => {
    recordDeferral(page, "alice@example.org");
    const { recipient } = page.service.queries.deferral(1);
    const answer = await page.post("/help?lang=en", { ...QUESTION, recipient });
    assertEquals(answer.status, 200);
    const text = await answer.text();
    assertStringIncludes(text, "waits in the queue of your mail server");
    assertStringIncludes(text, 'value="alice@example.org"');
    const session = await page.signIn();
    assertEquals((await page.post("/help", QUESTION, { ...session, csrf: "" })).status, 200);
    assertEquals((await page.post("/help", { ...QUESTION, time: '"><b>' })).status, 400);
  }, { now: NOW, settings: { isPrivate: true } });
});

Deno.test("the form answers a visitor five times, then once a minute, and all visitors 30 times", async () => {
  await withPage(async ({ send, clock }) => {
    const ask = async (address: string) => {
      const headers = {
        origin: "http://localhost",
        "sec-fetch-site": "same-origin",
        "content-type": "application/x-www-form-urlencoded",
      };
      const body = new URLSearchParams(QUESTION).toString();
      return (await send("POST", "/help", body, headers, address)).status;
    };
    for (let at = 0; at < 5; at++) assertEquals(await ask(`2001:db8::${at}`), 200);
    assertEquals(await ask("2001:db8::9"), 429);
    clock.elapsed += 60_000;
    assertEquals(await ask("2001:db8::9"), 200);
    const answers = [];
    for (let at = 0; at < 40; at++) answers.push(await ask(`192.0.2.${at}`));
    assertEquals(answers.filter((status) => status === 200).length, 29);
    assertEquals(await ask("198.51.100.1"), 429);
  }, { now: NOW });
});
