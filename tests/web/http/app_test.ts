import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { bearer, JSON_TYPE, PASSWORD, TOKEN, withPage } from "../page.ts";

Deno.test("every response, errors included, has the security headers", async () => {
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
      assertEquals(
        answer.headers.get("content-security-policy"),
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; " +
          "connect-src 'self'; form-action 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'",
      );
      assertEquals(
        answer.headers.get("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
      );
      assertEquals(
        answer.headers.get("cache-control"),
        answer.headers.get("content-type")?.startsWith("text/css") ? "max-age=300" : "no-store",
      );
      assertEquals(answer.headers.get("x-content-type-options"), "nosniff");
      assertEquals(answer.headers.get("referrer-policy"), "no-referrer");
      await answer.body?.cancel();
    }
  });
});

Deno.test("an internal error is logged and not shown to the visitor", async () => {
  await withPage(async ({ get, service, events }) => {
    service.queries.today = () => {
      throw new Error("secret");
    };
    const answer = await get("/api/v1/stats/today");
    assertEquals(answer.status, 500);
    assert(!(await answer.text()).includes("secret"));
    const [event] = events;
    assert(event?.kind === "bug" && event.what.includes("secret"));
  });
});

Deno.test("unknown methods, also names of JavaScript properties, are answered with 405", async () => {
  await withPage(async ({ send }) => {
    for (const method of ["constructor", "__proto__", "toString", "BREW"]) {
      const answer = await send(method, "/", undefined);
      assertEquals(answer.status, 405, method);
      assertStringIncludes(answer.headers.get("allow")!, "GET");
      assertEquals(answer.headers.get("x-content-type-options"), "nosniff");
    }
  });
});

Deno.test("obstacles are shown to visitors who may read, not to others", async () => {
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

Deno.test("links and redirects keep the prefix, whether or not the proxy strips it", async () => {
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

Deno.test("a body beyond the limit is answered with 413", async () => {
  await withPage(async (page) => {
    const headers = { ...bearer(TOKEN), ...JSON_TYPE };
    const large = JSON.stringify({ list: "allow", pattern: "x".repeat(70_000) });
    assertEquals((await page.send("POST", "/api/v1/entries", large, headers)).status, 413);
  });
});

Deno.test("without a database the pages report it, and create none", async () => {
  await withPage(async ({ get, store, service }) => {
    service.close();
    store.close();
    await Deno.remove(service.settings.store.database);
    const answer = await get("/");
    assertEquals(answer.status, 200);
    assertStringIncludes(await answer.text(), "The database cannot be read");
    assertEquals((await get("/health")).status, 200);
    assertEquals((await get("/decisions")).status, 503);
    assertEquals((await get("/api/v1/decisions")).status, 503);
    // Only the daemon creates a database.
    assertEquals(await Deno.stat(service.settings.store.database).catch(() => "none"), "none");
  });
});

Deno.test("OPTIONS names the methods of a path, and other methods are 405", async () => {
  await withPage(async ({ send }) => {
    for (
      const [path, allowed] of [
        ["/", "GET, HEAD, OPTIONS"],
        ["/help", "GET, HEAD, POST, OPTIONS"],
        ["/lists/add", "POST, OPTIONS"],
        ["/api/v1/entries", "GET, HEAD, POST, OPTIONS"],
        ["/api/v1/entries/7", "GET, HEAD, PUT, DELETE, OPTIONS"],
        ["/metrics", "GET, HEAD, OPTIONS"],
      ] as const
    ) {
      const answer = await send("OPTIONS", path, undefined, {
        origin: "https://evil.example",
        "access-control-request-method": "POST",
      });
      assertEquals([answer.status, answer.headers.get("allow")], [204, allowed], path);
      assertEquals(answer.headers.get("access-control-allow-origin"), null);
      const wrong = await send("PATCH", path, "{}");
      assertEquals([wrong.status, wrong.headers.get("allow")], [405, allowed], path);
    }
    assertEquals((await send("OPTIONS", "/nothing", undefined)).status, 404);
    assertEquals((await send("HEAD", "/", undefined)).status, 200);
  });
});
