import { assertEquals } from "@std/assert";
import { messageOf } from "../../lib/text/error_message.ts";

Deno.test("anything that can be thrown has a message", () => {
  const table: [unknown, string][] = [
    [new TypeError("not a name"), "not a name"],
    ["text", "text"],
    [undefined, "undefined"],
    [7, "7"],
  ];
  for (const [error, message] of table) assertEquals(messageOf(error), message);
});
