import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { JournalReader } from "../../lib/import/journal_export.ts";

Deno.test("entries come out the same however the bytes are cut", () => {
  const size = new Uint8Array(8);
  size[0] = 4;
  const bytes = Uint8Array.from([
    ...new TextEncoder().encode("A=1\nB=x=y\n\nMESSAGE\n"),
    ...size,
    ...new TextEncoder().encode("a\n\nb\nA=2\n\nA=3\n"),
  ]);
  fc.assert(fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
    const reader = new JournalReader();
    const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
    const entries = places.slice(1).flatMap((place, at) =>
      reader.push(bytes.subarray(places[at], place))
    );
    entries.push(...reader.end());
    assertEquals(entries.map((entry) => Object.fromEntries(entry)), [
      { A: "1", B: "x=y" },
      { MESSAGE: "a\n\nb", A: "2" },
      { A: "3" },
    ]);
  }));
});
