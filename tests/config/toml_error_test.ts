import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { parse, TomlError } from "smol-toml";
import { describeTomlError } from "../../lib/config/toml_error.ts";

function errorOf(text: string): string | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return describeTomlError(error, text);
  }
}

Deno.test("each usual mistake in TOML is named in plain words", () => {
  const table: [text: string, expected: string][] = [
    ["delay = 5m", "must be in quotation marks"],
    ["mode = all", "must be in quotation marks"],
    ["listen = inet:10023", "must be in quotation marks"],
    ["x = 192.0.2.1", "must be in quotation marks"],
    ["x = 0777", "must be in quotation marks"],
    ["mode = True", "in lower case"],
    ['delay = "5m', "closing quotation mark is missing"],
    ["delay = '5m\n", "closing quotation mark is missing"],
    ["delay = “5m”", "typographic"],
    ['listen = ["a" "b"]', "comma or a closing bracket"],
    ["a = [1, 2\n", "comma or a closing bracket"],
    ['delay = "1m"\ndelay = "2m"', "already set"],
    ["a = 1 b = 2", "end of its line"],
    ['path = "C:\\q"', "escape sequence"],
    ["[section", "section header"],
    ["delay =", "value is missing"],
    ["delay = # later", "value is missing"],
    ['delay "5m"', "not NAME = VALUE"],
    ["delay: 5m", "not NAME = VALUE"],
    ["lis ten = 3", "invalid name"],
    ["root:x:0:0::/root:/bin/sh", "not NAME = VALUE"],
  ];
  for (const [text, expected] of table) {
    const why = errorOf(text);
    assert(why !== undefined, text);
    assertStringIncludes(why, expected, text);
  }
  assertEquals(errorOf('delay = "5m"'), undefined);
});

Deno.test("no error quotes the line", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const why = errorOf(`secret-${text}-secret`);
    assert(why === undefined || !why.includes("secret"));
  }));
});
