import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { anyText } from "../../any_text.ts";
import { bearer, JSON_TYPE, recordDeferral, TOKEN, withPage } from "../page.ts";

const headers = { ...bearer(TOKEN), ...JSON_TYPE };

Deno.test("property: the API answers any input in JSON and without internal errors", async () => {
  await withPage(async (page) => {
    const json = fc.oneof(
      fc.json(),
      anyText(),
      fc.record({ list: fc.constant("allow"), pattern: anyText() }).map((one) =>
        JSON.stringify(one)
      ),
    );
    await fc.assert(fc.asyncProperty(json, fc.string(), async (body, text) => {
      const query = `?q=${encodeURIComponent(text)}&after=${encodeURIComponent(text)}&limit=1`;
      for (
        const answer of [
          await page.send("POST", "/api/v1/entries", body, headers),
          await page.send("POST", "/api/v1/exemptions", body, headers),
          await page.get(`/api/v1/known${query}`),
          await page.get(`/api/v1/entries${query}`),
        ]
      ) {
        assert(answer.status < 500, `${answer.status}`);
        await answer.json();
      }
    }));
    assertEquals(page.events.filter(({ kind }) => kind === "bug"), []);
  });
});

Deno.test("events are streamed as server-sent events, and hostile text cannot forge one", async () => {
  await withPage(async (page) => {
    const response = await page.get("/api/v1/events");
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    assertEquals(response.headers.get("cache-control"), "no-store");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    const readUntil = async (pattern: RegExp) => {
      while (!pattern.test(text)) text += (await reader.read()).value;
    };
    await readUntil(/^event: begin\ndata: .*\nretry: 3000\n\n/);
    const sender = "new\n\ndata: forged@example.org";
    recordDeferral(page, sender);
    await readUntil(/event: decision\n[^]*\n\n/);
    const [, data] = /event: decision\ndata: (.*)\nid: \d+\n\n/.exec(text)!;
    assertEquals(JSON.parse(data!).sender, sender);
    assertEquals(text.match(/event: decision/g)!.length, 1);
    page.service.commands.add({ list: "allow", pattern: "a.example", note: "" }, "test");
    await readUntil(/event: lists\ndata: {"revision":\d+}\n\n/);
    await reader.cancel();
    // The cancelled reader is no subscriber any more.
    for (let at = 0; at < 200; at++) assert(page.eventStream.subscribe() !== undefined, `${at}`);
    assertEquals((await page.get("/api/v1/events")).status, 503);
  }, { seeded: true });
});
