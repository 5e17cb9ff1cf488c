import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MINUTE } from "../../../lib/text/duration.ts";
import { textOf } from "../html.ts";
import { withPage } from "../page.ts";

Deno.test("entries show their expiry: never, to come or past", async () => {
  await withPage(async ({ get, service, clock }) => {
    const wanted = { list: "allow", note: "", lifetime: 5 * MINUTE } as const;
    service.commands.add({ ...wanted, pattern: "a.example" }, "test");
    service.commands.add({ ...wanted, pattern: "b.example", lifetime: undefined }, "test");
    const expiries = async () => {
      const html = await (await get("/lists")).text();
      return [...html.matchAll(/data-head="Expires"><div>(.*?)<\/div>/g)].map(([, cell]) =>
        textOf(cell!)
      );
    };
    assertEquals(await expiries(), ["never", "in 5m"]);
    clock.now += 5 * MINUTE;
    assertEquals(await expiries(), ["never", "expired"]);
  });
});

Deno.test("the first page has the rules of files and the built-in list", async () => {
  await withPage(async ({ get }) => {
    assertStringIncludes(await (await get("/lists")).text(), "built in (");
    assert(!(await (await get("/lists?after=1")).text()).includes("built in ("));
    assert(!(await (await get("/lists?list=block")).text()).includes("org:school"));
  }, { seeded: true });
});

Deno.test("the form for a new entry has the list and the patterns of a message", async () => {
  await withPage(async ({ get }) => {
    const text = await (await get("/lists/new?list=always-greylist&deferral=61")).text();
    assertStringIncludes(text, "<h1>Always greylist</h1>");
    assertStringIncludes(
      text,
      'match_on=client&amp;pattern=spf%3Abookshop.example&amp;deferral=61"',
    );
    const chosen = "/lists/new?list=block&match_on=sender&pattern=bank.example";
    assertStringIncludes(
      textOf(await (await get(chosen)).text()),
      "it would have refused 21 messages of 21 senders, none of them known.",
    );
    assertEquals((await get("/lists/new?deferral=7777")).status, 404);
    assertEquals((await get("/lists/7777")).status, 404);
  }, { seeded: true });
});
