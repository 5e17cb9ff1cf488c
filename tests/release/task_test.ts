import { assertEquals, assertMatch } from "@std/assert";

async function run(task: string, args: readonly string[]) {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", `release/${task}.ts`, ...args],
  }).output();
  return { code, text: new TextDecoder().decode(stderr) };
}

const CASES: readonly (readonly [task: string, args: readonly string[], error: RegExp])[] = [
  ["compile", ["foo"], /^compile: unexpected argument "foo"\. Usage: deno task compile \[--output/],
  ["compile", ["--output"], /^compile: --output needs a value/],
  ["deb", ["foo"], /^deb: unexpected argument "foo"/],
  ["deb", ["--executabel", "x"], /^deb: unknown option --executabel; did you mean --executable\?/],
  ["deb", ["--architecture", "i386"], /^deb: --architecture must be amd64 or arm64, not "i386"/],
  [
    "deb",
    ["--version", "latest"],
    /^deb: --version must be a version such as 1\.2\.3, not "latest"/,
  ],
  ["deb", ["--executable", "/gone"], /^deb: --executable \/gone: no such file or directory/],
  ["deb", ["--executable", "/"], /^deb: --executable \/: not a file/],
  ["deb", ["--output", "/gone"], /^deb: --output \/gone: no such file or directory/],
  ["image", ["foo"], /^image: unexpected argument "foo"/],
  ["image", ["--output"], /^image: --output needs a value: --output FILE/],
  ["image", ["--output="], /^image: --output must not be empty/],
  ["image", ["--output", "/gone/x.tar"], /^image: --output \/gone: no such file or directory/],
  ["image", ["--amd64", "/gone"], /^image: --amd64 \/gone: no such file or directory/],
  ["release", ["foo"], /^release: unexpected argument "foo"\. Usage: deno task release$/],
  ["release", ["--version=1.2.3"], /^release: unknown option --version/],
  ["sbom", ["foo"], /^sbom: unexpected argument "foo"/],
  ["docs", ["--check"], /^docs: unknown option --check/],
];

Deno.test("wrong arguments of a build are one line of error, before anything is built", async () => {
  const results = await Promise.all(CASES.map(([task, args]) => run(task, args)));
  for (const [at, [, , error]] of CASES.entries()) {
    const { code, text } = results[at]!;
    assertMatch(text.trimEnd(), error);
    assertEquals([text.split("\n").length, code], [2, 2], text);
  }
});

Deno.test("a build shows its options", async () => {
  const { code, text } = await run("image", ["--help"]);
  assertEquals(code, 0);
  assertMatch(
    text,
    /^Usage: deno task image \[--amd64 FILE\] \[--arm64 FILE\] \[--output FILE\]\n/,
  );
});
