import { textOf } from "../html.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Page, PASSWORD, withPage } from "../page.ts";

const entriesOf = ({ store }: Page) => store.lists.entries().map(({ pattern }) => pattern);

Deno.test("a deferred message is released, and the release is undone", async () => {
  await withPage(async (page) => {
    const session = await page.signIn();
    const { cookie } = session;
    const [waiting] = (await page.service.queries.waiting({ text: "railway", limit: 1 })).rows;
    const then = "/waiting?q=railway";
    const answer = await page.post("/waiting/release", { id: `${waiting!.id}`, then }, session);
    assertEquals([answer.status, answer.headers.get("location")], [303, then]);
    const [entry] = (await page.service.queries.entries({ text: "railway", limit: 1 })).rows;
    assertEquals([entry?.list, entry?.pattern, entry?.addedBy], [
      "release",
      "no-reply@railway.example erika@example.net",
      "status page",
    ]);
    const text = await (await page.get(then, { cookie })).text();
    assertStringIncludes(text, "Next retry will be accepted");
    assertStringIncludes(text, 'class="notice" role="status"');
    // The row shows what was done, and the notice is shown once.
    const later = await (await page.get("/lists", { cookie })).text();
    assert(!later.includes('class="notice" role="status"'));
    assertStringIncludes(later, 'action="/undo"');
    assertStringIncludes(await (await page.get(then)).text(), "next retry accepted");
    page.clock.now += 10 * 60_000 + 1;
    assert(!(await (await page.get("/lists", { cookie })).text()).includes('action="/undo"'));
    page.clock.now -= 10 * 60_000 + 1;
    await page.post("/undo", { then }, session);
    assertEquals((await page.service.queries.entries({ text: "railway", limit: 1 })).rows, []);
    assertStringIncludes(await (await page.get(then, { cookie })).text(), "Undone");
    await page.post("/undo", { then }, session);
    assertStringIncludes(await (await page.get(then, { cookie })).text(), "nothing to undo");
    assertEquals(page.events.filter(({ kind }) => kind === "changed").length, 2);
  }, { seeded: true });
});

Deno.test("forms add, edit, remove and restore entries", async () => {
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
    await add({ list: "block", pattern: "a@b.example", choice: "sender ignored@b.example" });
    await page.post("/exemptions", { recipient: "bob@example.net", for: "15m" }, session);
    assertEquals(read().slice(1), [
      ["block", "sender", "a@b.example", "", undefined],
      ["allow", "recipient", "bob@example.net", "exemption", 900_000],
    ]);
  });
});

Deno.test("an invalid form changes nothing and shows the error", async () => {
  await withPage(async (page) => {
    const session = await page.signIn();
    for (
      const [path, fields, words] of [
        ["/lists/add", { list: "allow", pattern: "not a name" }, "not an address, network"],
        ["/lists/add", { list: "allow", pattern: "/a(/", match_on: "sender" }, "missing closing"],
        ["/lists/add", { list: "allow", pattern: "/a/" }, "a regular expression needs a type"],
        ["/lists/add", { list: "opt-out", pattern: "a.example" }, "no valid list"],
        ["/lists/add", { list: "always-greylist", pattern: "a@b.example" }, "takes clients only"],
        ["/lists/add", { list: "allow", pattern: "" }, "the pattern is empty"],
        ["/lists/add", { list: "allow", pattern: "a.example", for: "soon" }, "is not a duration"],
        ["/lists/remove", { id: "77" }, "no entry 77"],
        ["/lists/remove", { id: "../1" }, "no valid id"],
        ["/waiting/release", { id: "77" }, "there is no deferred message 77"],
        ["/exemptions", { recipient: "@" }, "not an address"],
      ] as const
    ) {
      const answer = await page.post(path, fields, session);
      assertEquals(answer.status, 303);
      const text = await (await page.get("/", { cookie: session.cookie })).text();
      assertStringIncludes(textOf(text), words);
      assertStringIncludes(text, 'role="alert"');
    }
    assertEquals(entriesOf(page), []);
  });
});

Deno.test("a broad pattern is added only with a confirmation", async () => {
  await withPage(async (page) => {
    const session = await page.signIn();
    const fields = { list: "allow", match_on: "client", pattern: "0.0.0.0/0" };
    await page.post("/lists/add", fields, session);
    assertEquals(entriesOf(page), []);
    await page.post("/lists/add", { ...fields, confirmed: "yes" }, session);
    assertEquals(entriesOf(page), ["0.0.0.0/0"]);
  });
});

Deno.test("with privacy nothing is offered that needs addresses", async () => {
  await withPage(async (page) => {
    const session = await page.signIn();
    const text = await (await page.get("/waiting")).text();
    assertStringIncludes(text, "/messages/");
    assert(!text.includes("/waiting/release"));
    const [one] = (await page.service.queries.waiting({ text: "", limit: 1 })).rows;
    await page.post("/waiting/release", { id: `${one!.id}` }, session);
    const after = await (await page.get("/", { cookie: session.cookie })).text();
    assertStringIncludes(after, "only hashes are stored (privacy = true); use: greylag release");
    const found = await page.get("/search?q=no-reply@railway.example");
    assertStringIncludes(await found.text(), "Only hashes are stored");
  }, { seeded: true, privacy: true });
});

const unescaped = (text: string) => text.replaceAll("&amp;", "&").replaceAll("&quot;", '"');

Deno.test("a click of a signed-out visitor is carried through the sign-in, confirmed, and returns", async () => {
  await withPage(async (page) => {
    const [waiting] = page.service.queries.waiting({ text: "railway", limit: 1 }).rows;
    const fields = { id: `${waiting!.id}`, then: "/waiting?q=railway" };
    const clicked = await page.post("/waiting/release", fields);
    assertEquals(clicked.status, 303);
    const toSignIn = clicked.headers.get("location")!;
    const form = await (await page.get(toSignIn)).text();
    const then = unescaped(/name="then" value="([^"]*)"/.exec(form)![1]!);
    const signedIn = await page.post("/sign-in", { password: PASSWORD, then });
    const cookie = signedIn.headers.get("set-cookie")!.split(";")[0]!;
    const before = entriesOf(page);
    const question = await (await page.get(signedIn.headers.get("location")!, { cookie })).text();
    assertStringIncludes(
      textOf(question),
      "Accept the next retry of mail from no-reply@railway.example to erika@example.net?",
    );
    const hidden = Object.fromEntries(
      [...question.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map((
        [, name, value],
      ) => [name!, unescaped(value!)]),
    );
    assertStringIncludes(question, 'action="/waiting/release"');
    const done = await page.post("/waiting/release", hidden, { cookie, csrf: hidden["csrf"]! });
    assertEquals(done.headers.get("location"), "/waiting?q=railway");
    assertEquals(entriesOf(page), [...before, "no-reply@railway.example erika@example.net"]);
  }, { seeded: true });
});

Deno.test("only an action of the pages is carried through the sign-in", async () => {
  await withPage(async (page) => {
    const answer = await page.post("/lists/edit/..", { id: "1" });
    assertEquals(answer.status, 303);
    assertEquals(answer.headers.get("location"), "/sign-in?then=%2F");
    const { cookie } = await page.signIn();
    for (const action of ["/sign-out", "/undo", "//evil.example", "constructor", ""]) {
      const path = `/confirm?action=${encodeURIComponent(action)}`;
      assertEquals((await page.get(path, { cookie })).status, 404, action);
    }
    const toSignIn = await page.get("/confirm?action=/lists/remove&id=1");
    assertEquals(toSignIn.status, 303);
    const gone = await page.get("/confirm?action=/lists/remove&id=77", { cookie });
    assertEquals(gone.status, 404);
    const broad = "/confirm?action=/lists/add&list=allow&pattern=0.0.0.0/0&confirmed=yes";
    const asked = await (await page.get(broad, { cookie })).text();
    assertStringIncludes(textOf(asked), "Add 0.0.0.0/0 to the list allow?");
    assert(!asked.includes('name="confirmed"'));
    const path = "/confirm?action=/exemptions&recipient=%3Cb%3E&then=https://evil.example";
    const text = await (await page.get(path, { cookie })).text();
    assert(!text.includes("<b>") && !/(?:href|action|value)="https/.test(text));
  });
});

Deno.test("a form shows what was entered after an error, once", async () => {
  await withPage(async (page) => {
    const session = await page.signIn();
    const { cookie } = session;
    const then = "/lists";
    await page.post("/exemptions", { recipient: '@"', for: "1d", then }, session);
    const text = await (await page.get(then, { cookie })).text();
    assertStringIncludes(text, 'value="@&quot;"');
    assertMatch(text, /<option value="1d" selected/);
    assert(!(await (await page.get(then, { cookie })).text()).includes("@&quot;"));
    const form = "/lists/new?list=allow&match_on=client&pattern=0.0.0.0%2F0&note=mine";
    const fields = { list: "allow", match_on: "client", pattern: "0.0.0.0/0", form, then };
    const answer = await page.post("/lists/add", fields, session);
    assertEquals(answer.headers.get("location"), form);
    assertStringIncludes(await (await page.get(form, { cookie })).text(), 'value="mine"');
  });
});
