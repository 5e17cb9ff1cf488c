import { assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { databaseErrorOf } from "../../lib/store/database_error.ts";

const KINDS = [
  ["database disk image is malformed", "corrupt"],
  ["file is not a database", "corrupt"],
  ["database or disk is full", "full"],
  ["disk I/O error", "io"],
  ["database is locked", "locked"],
  ["attempt to write a readonly database", "read-only"],
  ["read-only file system", "read-only"],
  ["no space left on device", "full"],
  ["unable to open database file", "unreachable"],
  ["not a directory", "unreachable"],
  ["permission denied", "unreachable"],
  ["out of memory", "other"],
] as const;

Deno.test("a message of SQLite or the file system has a kind", () => {
  for (const [message, kind] of KINDS) {
    const error = databaseErrorOf(new Error(message), "/var/lib/greylag/g.db");
    assertEquals(error.kind, kind, message);
    assertStringIncludes(error.message, `database /var/lib/greylag/g.db: ${message}; `);
  }
});

Deno.test("an error keeps its cause, and a database error stays itself", () => {
  const cause = new Error("disk I/O error");
  const error = databaseErrorOf(cause, "/g.db");
  assertStrictEquals(error.cause, cause);
  assertStrictEquals(databaseErrorOf(error, "/other.db"), error);
  assertEquals(databaseErrorOf("no error object", "/g.db").kind, "other");
});

Deno.test("an error of the system is told without its number", () => {
  const error = databaseErrorOf(
    new Error("Not a directory (os error 20): open '/x/g.db'"),
    "/x/g.db",
  );
  assertEquals(error.kind, "unreachable");
  assertStringIncludes(error.message, "database /x/g.db: not a directory; ");
});
