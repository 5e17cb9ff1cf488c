import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { dirname } from "node:path/posix";
import { directoryOf } from "../../lib/text/path.ts";

Deno.test("the directory of a path is the one that Node names", () => {
  for (const path of ["", "/", "//", "a", "./a", "../a", "a/", "a/b", "/a", "/a/b/"]) {
    assertEquals(directoryOf(path), dirname(path), path);
  }
  const part = fc.constantFrom("a", "b.db", ".", "..");
  fc.assert(fc.property(fc.boolean(), fc.array(part, { minLength: 1 }), (isAbsolute, parts) => {
    const path = (isAbsolute ? "/" : "") + parts.join("/");
    assertEquals(directoryOf(path), dirname(path));
  }));
});
