import { assertEquals } from "@std/assert";
import { EventStream, type StreamMessage } from "../../../lib/web/http/event_stream.ts";
import { recordDeferral, withPage } from "../page.ts";
import { pause } from "../../eventually.ts";

type Reader = ReadableStreamDefaultReader<StreamMessage>;

async function nextEvent(reader: Reader): Promise<string> {
  const { value, done } = await reader.read();
  if (done) return "end";
  if (typeof value === "string") return value;
  return `${value.event} ${value.data}`;
}

Deno.test("a subscriber gets begin, then new decisions and list changes in order", async () => {
  await withPage(async (page) => {
    recordDeferral(page, "old@example.org");
    const reader = page.eventStream.subscribe()!.getReader();
    assertEquals(await nextEvent(reader), 'begin {"last":1}');
    recordDeferral(page, "first@example.org");
    recordDeferral(page, "second@example.org");
    for (const sender of ["first@example.org", "second@example.org"]) {
      const event = await nextEvent(reader);
      assertEquals(JSON.parse(event.slice("decision ".length)).sender, sender);
    }
    page.service.commands.add({ list: "allow", pattern: "a.example", note: "" }, "test");
    assertEquals((await nextEvent(reader)).slice(0, 16), 'lists {"revision');
    await reader.cancel();
  });
});

Deno.test("an idle stream is kept alive, and ends when the server stops", async () => {
  await withPage(async ({ service }) => {
    const events = new EventStream(service, 1);
    const reader = events.subscribe()!.getReader();
    assertEquals(await nextEvent(reader), 'begin {"last":0}');
    assertEquals(await nextEvent(reader), "keep-alive");
    events.stop();
    assertEquals(await nextEvent(reader), "end");
  });
});

Deno.test("the number of subscribers is limited, and a cancelled one frees its place", async () => {
  await withPage(async ({ eventStream }) => {
    const streams = Array.from({ length: 200 }, () => eventStream.subscribe()!);
    assertEquals(eventStream.subscribe(), undefined);
    await streams[0]!.cancel();
    assertEquals(eventStream.subscribe() === undefined, false);
  });
});

Deno.test("after a replaced database only what is new is sent", async () => {
  await withPage(async (page) => {
    const reader = page.eventStream.subscribe()!.getReader();
    await nextEvent(reader);
    recordDeferral(page, "restored@example.org");
    page.eventStream.restart();
    await pause(60);
    recordDeferral(page, "new@example.org");
    const event = await nextEvent(reader);
    assertEquals(JSON.parse(event.slice("decision ".length)).sender, "new@example.org");
    await reader.cancel();
  });
});
