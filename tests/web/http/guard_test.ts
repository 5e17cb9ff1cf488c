import { assert, assertEquals, assertMatch } from "@std/assert";
import { isKnownHost, isOwnOrigin } from "../../../lib/web/http/guard.ts";
import { bearer, JSON_TYPE, type Page, READ_TOKEN, TOKEN, withPage } from "../page.ts";

const ENTRY = JSON.stringify({ list: "allow", pattern: "example.org" });

const entriesOf = ({ store }: Page) => store.lists.entries().map(({ pattern }) => pattern);

Deno.test("known hosts are the configured names and loopback addresses, with any port", () => {
  const table: [string | null, boolean][] = [
    ["localhost", true],
    ["LocalHost:10623", true],
    ["127.0.0.1:10623", true],
    ["127.1.2.3", true],
    ["[::1]:10623", true],
    ["status.example.net", true],
    ["status.example.net.:443", true],
    ["attacker.example", false],
    ["attacker.example:10623", false],
    ["localhost.attacker.example", false],
    ["127.0.0.1.attacker.example", false],
    ["192.0.2.1", false],
    ["[2001:db8::1]", false],
    ["", false],
    [null, false],
    ["localhost@attacker.example", false],
  ];
  for (const [header, expected] of table) {
    const names = { names: ["status.example.net"], isOpen: false };
    assertEquals(isKnownHost(header, names), expected, `${header}`);
  }
});

Deno.test("on an open endpoint any IP address is a known host, and still no other name", () => {
  const names = { names: [], isOpen: true };
  assertEquals(isKnownHost("192.0.2.1:10623", names), true);
  assertEquals(isKnownHost("[2001:db8::1]:10623", names), true);
  assertEquals(isKnownHost("attacker.example:10623", names), false);
});

Deno.test("a change comes from the same origin, by all headers of the browser", () => {
  const host = "localhost:10623";
  const table: [string | null, string | null, boolean][] = [
    ["http://localhost:10623", "same-origin", true],
    ["http://localhost:10623", null, true],
    ["HTTP://localhost:10623", null, false],
    ["https://status.example.net", null, true],
    [null, "same-origin", true],
    ["null", "same-origin", true],
    // Another server on this machine is the same site, and another origin.
    ["http://localhost:8080", "same-site", false],
    ["http://localhost:8080", null, false],
    ["http://localhost:10623", "cross-site", false],
    ["http://attacker.example", null, false],
    ["http://attacker.example/http://localhost:10623", null, false],
    ["null", null, false],
    [null, null, false],
    [null, "none", false],
    ["", null, false],
  ];
  for (const [origin, fetchSite, expected] of table) {
    const names = { names: ["status.example.net"], isOpen: false };
    assertEquals(
      isOwnOrigin({ host, origin, fetchSite }, names),
      expected,
      `${origin} ${fetchSite}`,
    );
  }
});

Deno.test("a request for another host name is answered with 421 and changes nothing", async () => {
  await withPage(async (page) => {
    const host = { host: "attacker.example" };
    for (const path of ["/", "/metrics", "/api/v1/decisions", "/help", "/sign-in"]) {
      const answer = await page.get(path, host);
      assertEquals(answer.status, 421);
      assert(!(await answer.text()).includes("greylag_"));
    }
    const headers = { ...host, ...bearer(TOKEN), ...JSON_TYPE };
    assertEquals((await page.send("POST", "/api/v1/entries", ENTRY, headers)).status, 421);
    assertEquals(entriesOf(page), []);
    assertEquals((await page.get("/", { host: "status.example.net:443" })).status, 200);
  });
});

Deno.test("a change needs a sign-in or a token, by form and by API", async () => {
  await withPage(async (page) => {
    const forms = [
      "/lists/add",
      "/lists/remove",
      "/lists/edit",
      "/exemptions",
      "/waiting/release",
      "/undo",
    ];
    for (const path of forms) {
      const answer = await page.post(path, {
        list: "allow",
        pattern: "example.org",
        recipient: "a@b.c",
      });
      assertEquals(answer.status, 303);
      assertMatch(answer.headers.get("location")!, /^\/sign-in\?then=/);
    }
    for (
      const [method, path] of [
        ["POST", "/api/v1/entries"],
        ["PUT", "/api/v1/entries/1"],
        ["DELETE", "/api/v1/entries/1"],
        ["POST", "/api/v1/exemptions"],
        ["POST", "/api/v1/waiting/1/release"],
      ] as const
    ) {
      const plain = await page.send(method, path, ENTRY, { ...JSON_TYPE });
      assertEquals(plain.status, 401, `${method} ${path}`);
      const reading = { ...JSON_TYPE, ...bearer(READ_TOKEN) };
      assertEquals((await page.send(method, path, ENTRY, reading)).status, 403);
    }
    assertEquals(entriesOf(page), []);
  });
});

Deno.test("a change needs the right origin, CSRF token and cookie", async () => {
  await withPage(async (page) => {
    const { cookie, csrf } = await page.signIn();
    const body = (token: string) =>
      new URLSearchParams({ csrf: token, list: "allow", pattern: "example.org" }).toString();
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const ours = { ...form, cookie, origin: "http://localhost", "sec-fetch-site": "same-origin" };
    const { origin: _origin, ...withoutOrigin } = ours;
    const { "sec-fetch-site": _site, ...withoutSite } = ours;
    const forged: [Record<string, string>, string][] = [
      [{ ...ours, origin: "http://attacker.example" }, csrf],
      [{ ...ours, origin: "http://localhost:8080" }, csrf],
      [{ ...withoutSite, origin: "null" }, csrf],
      [{ ...withoutOrigin, "sec-fetch-site": "cross-site" }, csrf],
      [{ ...withoutOrigin, "sec-fetch-site": "same-site" }, csrf],
      [ours, "wrong"],
      [ours, ""],
    ];
    for (const [headers, token] of forged) {
      const answer = await page.send("POST", "/lists/add", body(token), headers);
      assertEquals(answer.status, 403, JSON.stringify(headers));
      const api = { ...headers, ...JSON_TYPE, "x-csrf-token": token };
      assertEquals((await page.send("POST", "/api/v1/entries", ENTRY, api)).status, 403);
    }
    // A body of another type is not a form and has no token.
    const text = { ...ours, "content-type": "text/plain" };
    assertEquals((await page.send("POST", "/lists/add", body(csrf), text)).status, 403);
    assertEquals(entriesOf(page), []);
    assertEquals((await page.send("POST", "/lists/add", body(csrf), ours)).status, 303);
    assertEquals(entriesOf(page), ["example.org"]);
    const api = { ...ours, ...JSON_TYPE, "x-csrf-token": csrf };
    const other = JSON.stringify({ list: "block", pattern: "example.com" });
    assertEquals((await page.send("POST", "/api/v1/entries", other, api)).status, 201);
  });
});
