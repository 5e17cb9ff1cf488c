import { assertEquals, assertThrows } from "@std/assert";
import { reproducible } from "../../release/reproducible.ts";

interface Names {
  readonly bundle: string;
  readonly page: string;
  readonly checkpoint: string;
  readonly time: number;
}

/** A short form of the part that Deno appends to its runtime. */
function built({ bundle, page, checkpoint, time }: Names): Uint8Array {
  const entry = (name: string, offset: number) =>
    `{"File":{"n":".deno_compile_${name}.mjs","o":[${offset},9],"u":true,"t":${time}}}`;
  const entries = [
    entry(`bundle_${bundle}`, 30),
    // Deno sorts by name.
    ...[entry(`worker_${page}`, 20), entry(`worker_${checkpoint}`, 10)].sort(),
    `{"File":{"n":"format.ts","o":[40,9],"u":true,"m":[50,9],"s":[60,9],"t":${time + 7}}}`,
  ];
  return new TextEncoder().encode(
    `runtime {"t":1111111111111} "entrypoint_key":".deno_compile_bundle_${bundle}.mjs" [${
      entries.join(",")
    }] new URL("./.deno_compile_worker_${page}.mjs") ("./.deno_compile_worker_${checkpoint}.mjs")`,
  );
}

const ONE = { bundle: "bd28bd14", page: "80cfa9ff", checkpoint: "1aaffb49", time: 1795689585230 };

Deno.test("builds that differ in random names, their order and times become the same", () => {
  const other = {
    bundle: "00000001",
    page: "12345678",
    checkpoint: "feedf00d",
    time: 1795699999999,
  };
  const [a, b] = [ONE, other].map((names) => reproducible(built(names), 1793491200000));
  assertEquals(new TextDecoder().decode(a), new TextDecoder().decode(b));
  const expected = built({
    bundle: "00000002",
    page: "00000001",
    checkpoint: "00000000",
    time: 1793491200000,
  });
  assertEquals(
    new TextDecoder().decode(a),
    new TextDecoder().decode(expected).replace("1793491200007", "1793491200000"),
  );
});

Deno.test("an executable of another layout is an error", () => {
  for (const text of ["", "runtime", '"entrypoint_key":".deno_compile_bundle_00000000.mjs"']) {
    assertThrows(
      () => reproducible(new TextEncoder().encode(text), 1793491200000),
      Error,
      "no bundled modules found",
    );
  }
});
