import { assert, assertEquals } from "@std/assert";
import { StreamSink, TailSink } from "../../lib/daemon/log_sink.ts";

const decoder = new TextDecoder();

Deno.test("lines arrive whole and in order from a stream that takes a few bytes at a time", async () => {
  let text = "";
  const sink = new StreamSink({
    write: (bytes) => {
      const piece = bytes.subarray(0, 3);
      text += decoder.decode(piece);
      return Promise.resolve(piece.length);
    },
  }, () => {});
  for (const line of ["one", "two", "three"]) sink.write(line);
  await sink.flush();
  assertEquals(text, "one\ntwo\nthree\n");
});

Deno.test("lines that come during a write follow it, characters beyond ASCII included", async () => {
  let text = "";
  const sink: StreamSink = new StreamSink({
    write: async (bytes) => {
      await Promise.resolve();
      if (text.length < 100_000) { for (let at = 0; at < 3; at++) sink.write("ü€😀".repeat(9000)); }
      text += decoder.decode(bytes, { stream: true });
      return bytes.length;
    },
  }, () => {});
  sink.write("begin");
  await sink.flush();
  const lines = text.split("\n");
  assertEquals([lines[0], lines.at(-1)], ["begin", ""]);
  assertEquals(new Set(lines.slice(1, -1)), new Set(["ü€😀".repeat(9000)]));
  assertEquals(lines.length % 3, 2);
});

Deno.test("lines are dropped and counted while the reader is stuck", async () => {
  const gate = Promise.withResolvers<void>();
  let text = "";
  const sink: StreamSink = new StreamSink({
    write: async (bytes) => {
      await gate.promise;
      text += decoder.decode(bytes);
      return bytes.length;
    },
  }, (dropped) => sink.write(`dropped: ${dropped}`));
  for (let at = 0; at < 3000; at++) sink.write("x".repeat(999));
  gate.resolve();
  await sink.flush();
  sink.write("after");
  await sink.flush();
  const dropped = Number(/x\ndropped: (\d+)\nafter\n$/.exec(text)?.[1]);
  assertEquals(text.split("\n").length, 3000 - dropped + 2 + 1);
  assert(text.length > 2_000_000 && text.length < 2 ** 21);
});

Deno.test("a flush gives up on a reader that is stuck", async () => {
  const gate = Promise.withResolvers<number>();
  const sink = new StreamSink({ write: () => gate.promise }, () => {}, { gather: 1, flush: 5 });
  sink.write("line");
  await sink.flush();
  gate.resolve(5);
});

Deno.test("a closed stream is ignored", async () => {
  const stream = { write: () => Promise.reject(new Deno.errors.BrokenPipe()) };
  const sink = new StreamSink(stream, () => {});
  sink.write("lost");
  await sink.flush();
});

Deno.test("the end of the log stays in memory, cut and without priorities", () => {
  const written: string[] = [];
  const sink = new TailSink({
    write: (line) => written.push(line),
    flush: () => Promise.resolve(),
  });
  assertEquals(sink.tail, []);
  for (let at = 0; at < 250; at++) sink.write(`<6>line ${at} ${"x".repeat(1000)}`);
  assertEquals(written.length, 250);
  assertEquals(sink.tail.length, 100);
  assertEquals(sink.tail[0]!.slice(0, 9), "line 150 ");
  assertEquals(sink.tail.at(-1)!.slice(0, 9), "line 249 ");
  assertEquals(sink.tail[0]!.length, 500);
});
