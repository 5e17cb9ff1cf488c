import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { hashPassword } from "../../../lib/admin/secrets.ts";
import { bearer, type Page, PASSWORD, READ_TOKEN, type SignedIn, withPage } from "../page.ts";

Deno.test("reading is public on loopback, and needs a sign-in or a token elsewhere", async () => {
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

Deno.test("the session cookie is HttpOnly, SameSite=Strict, and Secure behind TLS", async () => {
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

Deno.test("five wrong passwords delay the next attempt, by the monotonic clock", async () => {
  await withPage(async ({ post, events, clock }) => {
    for (let at = 0; at < 5; at++) {
      const answer = await post("/sign-in", { password: "wrong" });
      assertEquals([answer.status, answer.headers.get("set-cookie")], [401, null]);
    }
    assertEquals(events.length, 5);
    const slowed = await post("/sign-in", { password: PASSWORD });
    assertEquals([slowed.status, slowed.headers.get("retry-after")], [429, "1"]);
    // Setting the wall clock does not matter.
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

Deno.test("parallel attempts do not bypass the throttle", async () => {
  await withPage(async ({ post }) => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => post("/sign-in", { password: "wrong" })),
    );
    const tried = answers.filter(({ status }) => status === 401).length;
    assert(tried <= 5, `${tried}`);
    assertEquals(answers.filter(({ status }) => status === 429).length, 40 - tried);
  });
});

/** The status of a sign-in from an address, through a reverse proxy on this host. */
async function signInFrom({ send }: Page, address: string, password: string): Promise<number> {
  const body = new URLSearchParams({ password }).toString();
  const headers = {
    "x-forwarded-for": address,
    "sec-fetch-site": "same-origin",
    "content-type": "application/x-www-form-urlencoded",
  };
  return (await send("POST", "/sign-in", body, headers)).status;
}

Deno.test("the throttle counts an IPv6 /64 as one client, and others apart", async () => {
  await withPage(async (page) => {
    for (let at = 0; at < 5; at++) {
      assertEquals(await signInFrom(page, `2001:db8::${at}`, "wrong"), 401);
    }
    assertEquals(await signInFrom(page, "2001:db8::99", PASSWORD), 429);
    assertEquals(await signInFrom(page, "2001:db8:0:1::1", PASSWORD), 303);
    assertEquals(page.events.at(-1), { kind: "signed-in", address: "2001:db8:0:1::1" });
  });
});

Deno.test("guessing from many addresses is limited, but never locks out a client that signed in before", async () => {
  await withPage(async (page) => {
    assertEquals(await signInFrom(page, "192.0.2.1", PASSWORD), 303);
    const guesses: number[] = [];
    for (let at = 0; at < 60; at++) {
      guesses.push(await signInFrom(page, `198.51.100.${at}`, "wrong"));
    }
    assertEquals(guesses.filter((status) => status === 401).length, 29);
    assertEquals(await signInFrom(page, "203.0.113.1", PASSWORD), 429);
    assertEquals(await signInFrom(page, "192.0.2.1", PASSWORD), 303);
    page.clock.elapsed += 10_000;
    assertEquals(await signInFrom(page, "203.0.113.1", PASSWORD), 303);
  });
});

Deno.test("many attempts at once leave one for a client that signed in before", async () => {
  await withPage(async (page) => {
    assertEquals(await signInFrom(page, "192.0.2.1", PASSWORD), 303);
    const guesses = Array.from(
      { length: 10 },
      (_, at) => signInFrom(page, `198.51.100.${at}`, "wrong"),
    );
    assertEquals(await signInFrom(page, "192.0.2.1", PASSWORD), 303);
    assertEquals((await Promise.all(guesses)).filter((status) => status === 401).length, 3);
  });
});

Deno.test("a wrong token is 401 even where reading is public", async () => {
  await withPage(async ({ get, send }) => {
    for (const path of ["/", "/api/v1/decisions", "/metrics", "/events"]) {
      const answer = await get(path, bearer("greylag_wrong"));
      assertEquals(answer.status, 401, path);
      assertStringIncludes(answer.headers.get("www-authenticate")!, "invalid_token");
    }
    assertEquals((await send("DELETE", "/api/v1/entries/1", "", bearer("x"))).status, 401);
    // A reverse proxy's own authentication.
    assertEquals((await get("/", { authorization: "Basic YTpi" })).status, 200);
  });
});

Deno.test("a session ends at sign-out and with a new password", async () => {
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

Deno.test("without a password the sign-in page says how to set one", async () => {
  await withPage(async ({ get, store, post }) => {
    store.credentials.remove("password", "");
    assertStringIncludes(await (await get("/sign-in")).text(), "greylag passwd");
    assertStringIncludes(
      await (await post("/sign-in", { password: "x" })).text(),
      "greylag passwd",
    );
  });
});
