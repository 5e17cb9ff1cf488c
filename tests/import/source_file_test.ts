import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { gzipSync } from "node:zlib";
import { LineSplitter, openSource, readText } from "../../lib/import/source_file.ts";
import { inDirectory } from "../daemon.ts";

const COMMAND = "greylag import postfix";

async function withFile(bytes: Uint8Array, body: (path: string) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    await Deno.writeFile(`${directory}/f`, bytes);
    await body(`${directory}/f`);
  });
}

Deno.test("gzip is recognised by its content, also in several members", async () => {
  const members = ["one\n", "two\n"].map((text) => gzipSync(text));
  for (const bytes of [Uint8Array.from(members.flatMap((one) => [...one])), Uint8Array.of()]) {
    await withFile(bytes, async (path) => {
      const text = await readText(await openSource(path, COMMAND));
      assertEquals(text, bytes.length === 0 ? "" : "one\ntwo\n");
    });
  }
});

Deno.test("damaged gzip is an error", async () => {
  const packed = gzipSync("x".repeat(1000) + Math.random());
  for (
    const bytes of [packed.subarray(0, 20), Uint8Array.from([...packed.subarray(0, 12), 1, 2])]
  ) {
    await withFile(new Uint8Array(bytes), async (path) => {
      await assertRejects(async () => await readText(await openSource(path, COMMAND)));
    });
  }
});

Deno.test("for another compression the error names the pipe", async () => {
  const table: [number[], string][] = [
    [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "xz"],
    [[0x28, 0xb5, 0x2f, 0xfd], "zstd"],
    [[0x42, 0x5a, 0x68, 0x39], "bzip2"],
  ];
  for (const [magic, program] of table) {
    await withFile(Uint8Array.from(magic), async (path) => {
      await assertRejects(
        () => openSource(path, COMMAND),
        Error,
        `cannot decompress ${path}. Run: ${program} -dc ${path} | greylag import postfix -`,
      );
    });
  }
});

Deno.test("a directory is no file", async () => {
  await inDirectory(async (directory) => {
    await assertRejects(() => openSource(directory, COMMAND), Error, "is a directory");
  });
});

function linesOf(pieces: readonly Uint8Array<ArrayBuffer>[]): [string, number][] {
  const lines: [string, number][] = [];
  const splitter = new LineSplitter((text, line) => lines.push([text, line]));
  for (const piece of pieces) splitter.push(piece);
  splitter.end();
  return lines;
}

Deno.test("lines come out the same however the bytes are cut", () => {
  const bytes = new TextEncoder().encode("jü\r\n\n3\nlast");
  fc.assert(fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
    const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
    assertEquals(linesOf(places.slice(1).map((place, at) => bytes.subarray(places[at], place))), [
      ["jü", 1],
      ["", 2],
      ["3", 3],
      ["last", 4],
    ]);
  }));
});

Deno.test("a line that is too long is skipped and counted", () => {
  const long = new TextEncoder().encode("x".repeat(700_000));
  const rest = new TextEncoder().encode("x\nnext\n");
  assertEquals(linesOf([long, long, rest]), [["next", 2]]);
});
