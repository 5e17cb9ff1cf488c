import { assertEquals } from "@std/assert";
import { shellWord } from "../../lib/text/shell_word.ts";

Deno.test("an argument is quoted for the shell where needed", () => {
  assertEquals(["/var/log/mail.log", "a b", "it's", ""].map(shellWord), [
    "/var/log/mail.log",
    "'a b'",
    `'it'\\''s'`,
    "''",
  ]);
});
