import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { domainAbove, fixedSuffix, GlobMap } from "../../lib/lists/glob.ts";

Deno.test("a * stands for any characters within its label", () => {
  const table: [glob: string, name: string, matches: boolean][] = [
    ["smtp*-x.b.example", "smtp-x.b.example", true],
    ["smtp*-x.b.example", "smtp12-x.b.example", true],
    ["smtp*-x.b.example", "smtp1-x.y.b.example", false],
    ["smtp*-x.b.example", "smtp1.y-x.b.example", false],
    ["smtp*-x.b.example", "y.smtp1-x.b.example", false],
    ["smtp*-x.b.example", "smtp1-xx.b.example", false],
    ["m*.p*.c.example", "m1.p2.c.example", true],
    ["m*.p*.c.example", "m.p.c.example", true],
    ["m*.p*.c.example", "m1.c.example", false],
    ["m*.p*.c.example", "m1.q2.c.example", false],
    ["*.c.example", "c.example", false],
    ["a+b.*", "aab.x", false],
  ];
  for (const [glob, name, matches] of table) {
    const globs = new GlobMap<string>();
    globs.add(glob, glob);
    assertEquals(globs.find(name), matches ? [glob] : [], `${glob} ${name}`);
  }
});

Deno.test("the globs with the longest fixed suffix count", () => {
  const globs = new GlobMap<number>();
  globs.add("*.*.example", 1);
  globs.add("*.a.example", 2);
  globs.add("x*.a.example", 3);
  assertEquals(globs.find("x1.a.example"), [2, 3]);
  assertEquals(globs.find("x1.b.example"), [1]);
});

Deno.test("the fixed suffix is what stands right of the last *", () => {
  assertEquals(
    ["a.b.example", "*.b.example", "a.*b.example", "*"].map(fixedSuffix),
    ["a.b.example", "b.example", "example", ""],
  );
});

Deno.test("the domain above a name lacks its first label", () => {
  assertEquals(
    ["a.b.example", "example", "a.", ""].map(domainAbove),
    ["b.example", "", "", ""],
  );
});

Deno.test("any name can be looked up", () => {
  const globs = new GlobMap<boolean>();
  globs.add("*.a.example", true);
  fc.assert(fc.property(fc.string(), (name) => void globs.find(name)));
});
