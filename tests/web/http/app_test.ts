import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { hashPassword } from "../../../lib/admin/secrets.ts";
import { ownPath } from "../../../lib/web/http/answer.tsx";
import { type Page, PASSWORD, READ_TOKEN, type SignedIn, TOKEN, withPage } from "../page.ts";

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const JSON_TYPE = { "content-type": "application/json" };
const ENTRY = JSON.stringify({ list: "allow", pattern: "example.org" });

const entriesOf = ({ store }: Page) => store.lists.entries().map(({ pattern }) => pattern);

Deno.test("every answer, good or bad, tells the browser what it may not do", async () => {
  await withPage(async ({ get, post }) => {
    const answers = [
      [await get("/"), 200],
      [await get("/healthz"), 200],
      [await get("/metrics"), 200],
      [await get("/style.css"), 200],
      [await get("/api/v1/health"), 200],
      [await get("/nothing"), 404],
      [await get("/api/v1/nothing"), 404],
      [await get("/", { host: "attacker.example" }), 421],
      [await post("/lists/add", {}), 303],
    ] as const;
    for (const [answer, status] of answers) {
      assertEquals(answer.status, status);
      const policy = answer.headers.get("content-security-policy")!;
      assertStringIncludes(policy, "default-src 'none'");
      assertStringIncludes(policy, "frame-ancestors 'none'");
      assert(!policy.includes("unsafe"));
      assertEquals(answer.headers.get("x-content-type-options"), "nosniff");
      assertEquals(answer.headers.get("referrer-policy"), "no-referrer");
      await answer.body?.cancel();
    }
  });
});

Deno.test("what goes wrong inside is told to the log and not to the visitor", async () => {
  await withPage(async ({ get, desk, events }) => {
    desk.today = () => Promise.reject(new Error("secret"));
    const answer = await get("/api/v1/stats/today");
    assertEquals(answer.status, 500);
    assert(!(await answer.text()).includes("secret"));
    const [event] = events;
    assert(event?.kind === "bug" && event.what.includes("secret"));
  });
});

Deno.test("a method that is no method is refused, whatever JavaScript knows by its name", async () => {
  await withPage(async ({ send }) => {
    for (const method of ["constructor", "__proto__", "toString", "BREW"]) {
      const answer = await send(method, "/", undefined);
      assertEquals(answer.status, 405, method);
      assertStringIncludes(answer.headers.get("allow")!, "GET");
      assertEquals(answer.headers.get("x-content-type-options"), "nosniff");
    }
  });
});

Deno.test("who comes by a name of somebody else's learns nothing and does nothing", async () => {
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

Deno.test("reading is open to this machine, and elsewhere takes a sign-in or a token", async () => {
  await withPage(async ({ get }) => {
    assertEquals((await get("/")).status, 200);
    assertEquals((await get("/api/v1/decisions")).status, 200);
  });
  const elsewhere = { endpoint: { kind: "inet", host: "192.0.2.1", port: 80 } } as const;
  for (const settings of [elsewhere, { isPrivate: true }]) {
    await withPage(async ({ get, signIn }) => {
      const page = await get("/waiting?q=a%26b");
      assertEquals(page.status, 303);
      const then = encodeURIComponent("/waiting?q=a%26b");
      assertEquals(page.headers.get("location"), `/sign-in?then=${then}`);
      for (const path of ["/api/v1/decisions", "/api/v1/events", "/metrics"]) {
        const answer = await get(path);
        assertEquals(answer.status, 401, path);
        assertStringIncludes(answer.headers.get("www-authenticate")!, "Bearer");
        assertEquals((await get(path, bearer("greylag_wrong"))).status, 401);
      }
      assertEquals((await get("/api/v1/decisions", bearer(READ_TOKEN))).status, 200);
      assertEquals((await get("/metrics", bearer(READ_TOKEN))).status, 200);
      for (const path of ["/help", "/healthz", "/readyz", "/style.css", "/sign-in"]) {
        assertEquals((await get(path)).status, 200, path);
      }
      const { cookie } = await signIn();
      assertEquals((await get("/", { cookie })).status, 200);
      assertEquals((await get("/api/v1/decisions", { cookie })).status, 200);
    }, { settings });
  }
});

Deno.test("what keeps it from its work is told, but to no stranger", async () => {
  const obstacles = ["/secret/path is full"];
  await withPage(async ({ get }) => {
    const answer = await get("/readyz");
    assertEquals(answer.status, 503);
    assertStringIncludes(await answer.text(), "/secret/path");
    assertEquals((await get("/healthz")).status, 200);
    assertStringIncludes(await (await get("/health")).text(), "/secret/path");
  }, { obstacles });
  await withPage(async ({ get }) => {
    const answer = await get("/readyz");
    assertEquals(answer.status, 503);
    assert(!(await answer.text()).includes("/secret/path"));
  }, { obstacles, settings: { isPrivate: true } });
});

Deno.test("the page for strangers holds the administrator's words, and nothing of the others", async () => {
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

Deno.test("no change without a sign-in: not by a form, not by the API", async () => {
  await withPage(async (page) => {
    const forms = [
      "/lists/add",
      "/lists/remove",
      "/lists/edit",
      "/expect",
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

Deno.test("no change from elsewhere: the origin, the token of the form and the cookie must all be ours", async () => {
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
    // A body of another type is no form, and holds no token.
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

Deno.test("a sign-in gives a cookie that no script and no other site gets", async () => {
  await withPage(async ({ post, send, events }) => {
    const answer = await post("/sign-in", { password: PASSWORD, then: "/lists?q=1" });
    assertEquals(answer.status, 303);
    assertEquals(answer.headers.get("location"), "/lists?q=1");
    const cookie = answer.headers.get("set-cookie")!;
    assertMatch(cookie, /^greylag_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    assertEquals(events, [{ kind: "signed-in", address: "127.0.0.1" }]);
    const behindProxy = await send(
      "POST",
      "/sign-in",
      `password=${encodeURIComponent(PASSWORD)}`,
      {
        host: "status.example.net",
        origin: "https://status.example.net",
        "content-type": "application/x-www-form-urlencoded",
      },
    );
    assertMatch(behindProxy.headers.get("set-cookie")!, /; Secure/);
  });
});

Deno.test("a sign-in leads to no other server", () => {
  const table: [string, string][] = [
    ["/", "/"],
    ["/lists?q=a%20b&after=7#x", "/lists?q=a%20b&after=7#x"],
    ["//attacker.example", "/"],
    ["/\\attacker.example", "/"],
    ["https://attacker.example", "/"],
    ["/a\r\nset-cookie: x", "/"],
    ["", "/"],
  ];
  for (const [path, expected] of table) assertEquals(ownPath(path), expected);
});

Deno.test("a wrong password lets nobody in, and five of them slow the next down", async () => {
  await withPage(async ({ post, events, clock }) => {
    for (let at = 0; at < 5; at++) {
      const answer = await post("/sign-in", { password: "wrong" });
      assertEquals([answer.status, answer.headers.get("set-cookie")], [401, null]);
    }
    assertEquals(events.length, 5);
    const slowed = await post("/sign-in", { password: PASSWORD });
    assertEquals([slowed.status, slowed.headers.get("retry-after")], [429, "1"]);
    // Somebody sets the clock; the brake goes by the time that passes.
    clock.now += 86_400_000;
    assertEquals((await post("/sign-in", { password: PASSWORD })).status, 429);
    clock.now -= 2 * 86_400_000;
    clock.elapsed += 1000;
    assertEquals((await post("/sign-in", { password: "wrong" })).status, 401);
    clock.elapsed += 1000;
    assertEquals((await post("/sign-in", { password: PASSWORD })).status, 429);
    clock.elapsed += 1000;
    assertEquals((await post("/sign-in", { password: PASSWORD })).status, 303);
  });
});

Deno.test("many passwords at once are no way around that", async () => {
  await withPage(async ({ post }) => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => post("/sign-in", { password: "wrong" })),
    );
    const tried = answers.filter(({ status }) => status === 401).length;
    assert(tried <= 5, `${tried}`);
    assertEquals(answers.filter(({ status }) => status === 429).length, 40 - tried);
  });
});

Deno.test("a session ends with sign-out and with another password", async () => {
  await withPage(async (page) => {
    const isIn = async ({ cookie }: SignedIn) =>
      (await (await page.get("/lists", { cookie })).text()).includes("Sign out");
    const session = await page.signIn();
    assert(await isIn(session));
    const answer = await page.post("/sign-out", {}, session);
    assertMatch(answer.headers.get("set-cookie")!, /greylag_session=; Max-Age=0/);
    assertEquals(await isIn(session), false);
    const second = await page.signIn();
    const hash = await hashPassword("another password");
    page.store.credentials.put({ kind: "password", name: "", hash, created: 2 });
    assertEquals(await isIn(second), false);
  });
});

Deno.test("without a password the page says how to set one", async () => {
  await withPage(async ({ get, store, post }) => {
    store.credentials.remove("password", "");
    assertStringIncludes(await (await get("/sign-in")).text(), "greylag passwd");
    assertStringIncludes(
      await (await post("/sign-in", { password: "x" })).text(),
      "greylag passwd",
    );
  });
});

Deno.test("what waits is let in, and that can be taken back", async () => {
  await withPage(async (page) => {
    const session = await page.signIn();
    const { cookie } = session;
    const [waiting] = (await page.desk.waiting({ text: "railway", limit: 1 })).rows;
    const then = "/waiting?q=railway";
    const answer = await page.post("/waiting/release", { id: `${waiting!.id}`, then }, session);
    assertEquals([answer.status, answer.headers.get("location")], [303, then]);
    const [entry] = (await page.desk.entries({ text: "railway", limit: 1 })).rows;
    assertEquals([entry?.list, entry?.pattern, entry?.addedBy], [
      "release",
      "no-reply@railway.example erika@example.net",
      "status page",
    ]);
    const text = await (await page.get(then, { cookie })).text();
    assertStringIncludes(text, "It passes at its next try");
    // It is said once.
    assert(
      !(await (await page.get(then, { cookie })).text()).includes("It passes at its next try"),
    );
    await page.post("/undo", { then }, session);
    assertEquals((await page.desk.entries({ text: "railway", limit: 1 })).rows, []);
    assertStringIncludes(await (await page.get(then, { cookie })).text(), "Taken back");
    await page.post("/undo", { then }, session);
    assertStringIncludes(await (await page.get(then, { cookie })).text(), "nothing to take back");
    assertEquals(page.events.filter(({ kind }) => kind === "changed").length, 2);
  }, { seeded: true });
});

Deno.test("entries are added, changed, removed and put back by forms", async () => {
  await withPage(async (page) => {
    const session = await page.signIn();
    const read = () =>
      page.store.lists.entries().map(({ list, matchOn, pattern, note, expires }) => [
        list,
        matchOn,
        pattern,
        note,
        expires === undefined ? undefined : expires - page.clock.now,
      ]);
    const add = (fields: Record<string, string>) => page.post("/lists/add", fields, session);
    await add({ list: "allow", pattern: " Example.ORG ", note: "n", for: "1h" });
    assertEquals(read(), [["allow", "client", "example.org", "n", 3_600_000]]);
    const { id } = page.store.lists.entries()[0]!;
    await page.post("/lists/edit", { id: `${id}`, note: "m", for: "keep" }, session);
    assertEquals(read(), [["allow", "client", "example.org", "m", 3_600_000]]);
    await page.post("/lists/edit", { id: `${id}`, note: "m", for: "" }, session);
    assertEquals(read(), [["allow", "client", "example.org", "m", undefined]]);
    await page.post("/undo", {}, session);
    assertEquals(read(), [["allow", "client", "example.org", "m", 3_600_000]]);
    await page.post("/lists/remove", { id: `${id}` }, session);
    assertEquals(read(), []);
    await page.post("/undo", {}, session);
    assertEquals(read(), [["allow", "client", "example.org", "m", 3_600_000]]);
    await add({
      list: "block",
      choice: "sender a@b.example",
      pattern: "ignored",
      matchOn: "client",
    });
    await page.post("/expect", { recipient: "bob@example.net", for: "15m" }, session);
    assertEquals(read().slice(1), [
      ["block", "sender", "a@b.example", "", undefined],
      ["allow", "recipient", "bob@example.net", "expected", 900_000],
    ]);
  });
});

Deno.test("a form that makes no sense changes nothing, and says what is wrong", async () => {
  await withPage(async (page) => {
    const session = await page.signIn();
    for (
      const [path, fields, words] of [
        ["/lists/add", { list: "allow", pattern: "not a name" }, "no address, network"],
        ["/lists/add", { list: "allow", pattern: "/a(/", match_on: "sender" }, "missing closing"],
        ["/lists/add", { list: "allow", pattern: "/a/" }, "what the /expression/ is about"],
        ["/lists/add", { list: "opt-out", pattern: "a.example" }, "names no list"],
        ["/lists/add", { list: "always-greylist", pattern: "a@b.example" }, "only a client"],
        ["/lists/add", { list: "allow", pattern: "" }, "what the entry is to match"],
        ["/lists/add", { list: "allow", pattern: "a.example", for: "soon" }, "no duration"],
        ["/lists/remove", { id: "77" }, "no entry 77"],
        ["/lists/remove", { id: "../1" }, "names nothing"],
        ["/waiting/release", { id: "77" }, "nothing was put off under number 77"],
        ["/expect", { recipient: "@" }, "no address"],
      ] as const
    ) {
      const answer = await page.post(path, fields, session);
      assertEquals(answer.status, 303);
      const text = await (await page.get("/", { cookie: session.cookie })).text();
      assertStringIncludes(text.replaceAll(/<[^>]*>/g, ""), words);
      assertStringIncludes(text, 'role="alert"');
    }
    assertEquals(entriesOf(page), []);
  });
});

Deno.test("with privacy nothing is offered that hashes cannot do", async () => {
  await withPage(async (page) => {
    const session = await page.signIn();
    const text = await (await page.get("/waiting")).text();
    assertStringIncludes(text, "only hashes are stored");
    assert(!text.includes("/waiting/release"));
    const [one] = (await page.desk.waiting({ text: "", limit: 1 })).rows;
    await page.post("/waiting/release", { id: `${one!.id}` }, session);
    const after = await (await page.get("/", { cookie: session.cookie })).text();
    assertStringIncludes(after, "only hashes are stored: greylag release");
    const found = await page.get("/search?q=no-reply@railway.example");
    assertStringIncludes(await found.text(), "only hashes");
  }, { seeded: true, privacy: true });
});

Deno.test("below a prefix every way leads below it, whether the proxy takes it away or not", async () => {
  await withPage(async ({ get, post, signIn }) => {
    for (const path of ["/mail/greylag/", "/mail/greylag", "/"]) {
      const answer = await get(path);
      assertEquals(answer.status, 200, path);
      const links = [...(await answer.text()).matchAll(/(?:href|src|action)="([^"#]+)/g)];
      assert(links.length > 10);
      for (const [, link] of links) assertMatch(link!, /^\/mail\/greylag\//);
    }
    assertEquals((await get("/mail/greylag/style.css")).status, 200);
    assertEquals((await get("/mail/greylagger/style.css")).status, 404);
    const answer = await post("/mail/greylag/sign-in", { password: PASSWORD, then: "/waiting" });
    assertEquals(answer.headers.get("location"), "/mail/greylag/waiting");
    assertStringIncludes(answer.headers.get("set-cookie")!, "Path=/mail/greylag/;");
    const session = await signIn();
    const back = await post(
      "/lists/add",
      { list: "allow", pattern: "a.example", then: "/lists" },
      session,
    );
    assertEquals(back.headers.get("location"), "/mail/greylag/lists");
  }, { settings: { prefix: "/mail/greylag" }, seeded: true });
});

Deno.test("what never happened yet is said in words, on every page", async () => {
  await withPage(async ({ get }) => {
    for (
      const [path, words] of [
        ["/", "Nothing waits."],
        ["/", "Postfix has asked nothing yet"],
        ["/", "Everything that was put off came back"],
        ["/", "Postfix asked nothing in the last 24 hours"],
        ["/", "No mail was delayed"],
        ["/", "no baseline yet"],
        ["/waiting", "Nothing waits."],
        ["/decisions", "There is no such decision"],
        ["/lost", "Everything that was put off came back"],
        ["/auto-whitelisted", "No origin is proven yet"],
        ["/known", "Nobody is known yet"],
        ["/lists", "There is no such entry"],
        ["/search?q=x", "Nothing found"],
      ] as const
    ) {
      assertStringIncludes(await (await get(path)).text(), words);
    }
  });
});

Deno.test("every figure and every list leads to a page that is there", async () => {
  await withPage(async ({ get }) => {
    const seen = new Set<string>();
    const toSee = ["/"];
    while (toSee.length > 0) {
      const path = toSee.pop()!;
      if (seen.has(path) || seen.size > 300) continue;
      seen.add(path);
      const answer = await get(path);
      assertEquals(answer.status, 200, path);
      if (!answer.headers.get("content-type")!.startsWith("text/html")) continue;
      for (const [, link] of (await answer.text()).matchAll(/href="(\/[^"#]*)/g)) {
        toSee.push(link!.replaceAll("&amp;", "&").replaceAll("&quot;", '"'));
      }
    }
    assert(seen.size > 60, `${seen.size}`);
  }, { seeded: true });
});

Deno.test("lists are paged by key to their end, and a place that is none is refused", async () => {
  await withPage(async ({ get }) => {
    let path: string | undefined = "/decisions";
    const keys = new Set<string>();
    let pages = 0;
    while (path !== undefined) {
      const text: string = await (await get(path)).text();
      for (const [, key] of text.matchAll(/data-key="(\d+)"/g)) {
        assert(!keys.has(key!), `${key} stands twice`);
        keys.add(key!);
      }
      pages++;
      path = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
    }
    assertEquals(keys.size, 77);
    assertEquals(pages, 2);
    for (
      const bad of [
        "/decisions?after=x",
        "/auto-whitelisted?after=7",
        "/auto-whitelisted?after=[7]",
        "/known?after=[]",
      ]
    ) {
      assertEquals((await get(bad)).status, 400, bad);
    }
  }, { seeded: true });
});

Deno.test("a body that is too large is refused before it is read", async () => {
  await withPage(async (page) => {
    const headers = { ...bearer(TOKEN), ...JSON_TYPE };
    const large = JSON.stringify({ list: "allow", pattern: "x".repeat(70_000) });
    assertEquals((await page.send("POST", "/api/v1/entries", large, headers)).status, 413);
  });
});

Deno.test("with the database gone the page says so and the rest goes on", async () => {
  await withPage(async ({ get, store, desk }) => {
    desk.close();
    store.close();
    await Deno.remove(desk.settings.store.database);
    const answer = await get("/");
    assertEquals(answer.status, 200);
    assertStringIncludes(await answer.text(), "The database cannot be read now");
    assertEquals((await get("/health")).status, 200);
    assertEquals((await get("/decisions")).status, 503);
    assertEquals((await get("/api/v1/decisions")).status, 503);
    // Only the daemon makes a database.
    assertEquals(await Deno.stat(desk.settings.store.database).catch(() => "none"), "none");
  });
});
