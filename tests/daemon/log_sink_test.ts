import { assert, assertEquals, assertMatch } from "@std/assert";
import { StreamSink } from "../../lib/daemon/log_sink.ts";

const decoder = new TextDecoder();

Deno.test("lines arrive whole and in order from a stream that takes a few bytes at a time", async () => {
  let text = "";
  const sink = new StreamSink({
    write: (bytes) => {
      const piece = bytes.subarray(0, 3);
      text += decoder.decode(piece);
      return Promise.resolve(piece.length);
    },
  });
  for (const line of ["one", "two", "three"]) sink.write(() => line);
  await sink.flush();
  assertEquals(text, "one\ntwo\nthree\n");
});

Deno.test("lines are dropped and counted while the reader is stuck", async () => {
  const gate = Promise.withResolvers<void>();
  let text = "";
  const sink = new StreamSink({
    write: async (bytes) => {
      await gate.promise;
      text += decoder.decode(bytes);
      return bytes.length;
    },
  });
  for (let at = 0; at < 12_000; at++) sink.write(() => "line");
  gate.resolve();
  await sink.flush();
  sink.write(() => "after");
  await sink.flush();
  assertMatch(text, /2000 log lines were lost/);
  assert(text.endsWith("after\n"));
  assertEquals(text.split("\n").length, 10_000 + 2 + 1);
});

Deno.test("a closed stream is ignored", async () => {
  const sink = new StreamSink({ write: () => Promise.reject(new Deno.errors.BrokenPipe()) });
  sink.write(() => "lost");
  await sink.flush();
});
