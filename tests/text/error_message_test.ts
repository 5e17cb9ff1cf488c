import { assertEquals } from "@std/assert";
import { messageOf, reasonOf } from "../../lib/text/error_message.ts";

Deno.test("anything that can be thrown has a message", () => {
  const table: [unknown, string][] = [
    [new TypeError("not a name"), "not a name"],
    ["text", "text"],
    [undefined, "undefined"],
    [7, "7"],
  ];
  for (const [error, message] of table) assertEquals(messageOf(error), message);
});

Deno.test("the reason of a failed system call is a phrase without the path", () => {
  const table: [unknown, string][] = [
    [new Error("Permission denied (os error 13), open '/x'"), "permission denied"],
    [
      new Deno.errors.NotCapable('Requires all access to "/proc/x", specify the permissions'),
      "the sandbox of greylag has no access to it",
    ],
    [new Error("database is locked"), "database is locked"],
  ];
  for (const [error, reason] of table) assertEquals(reasonOf(error), reason);
});
