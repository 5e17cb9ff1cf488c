import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseSqlDump } from "../../lib/import/sql_dump.ts";

const TABLES = { connect: ["a", "b"] };

const rowsOf = (text: string) =>
  parseSqlDump(text, TABLES).rows.map(({ line, columns }) => [line, columns["a"], columns["b"]]);

Deno.test("rows are read from what sqlite3, mysqldump and pg_dump write", () => {
  const table: [string, unknown[][]][] = [
    ["INSERT INTO connect VALUES('x',1);", [[1, "x", 1]]],
    [`INSERT INTO "connect" ("b", "a") VALUES ('y', 'it''s');`, [[1, "it's", "y"]]],
    ["INSERT INTO `connect` VALUES ('a\\'b\\n','\\\\'),('c',NULL);", [[1, "a'b\n", "\\"], [
      1,
      "c",
      null,
    ]]],
    ["INSERT INTO connect VALUES('a\\','b\\n');", [[1, "a\\", "b\\n"]]],
    ["-- MySQL dump 10\nINSERT INTO connect VALUES('a\\'','b');\n-- Dump completed on 2026", [[
      2,
      "a'",
      "b",
    ]]],
    ["INSERT INTO connect VALUES('x\nINSERT INTO connect VALUES(1,2);\n','y');", [
      [1, "x\nINSERT INTO connect VALUES(1,2);\n", "y"],
    ]],
    ["--\nINSERT INTO `connect` VALUES\n('a','b'),\n('c','d');", [[3, "a", "b"], [4, "c", "d"]]],
    ["insert or ignore into public.connect values (-1, 'x;)')", [[1, -1, "x;)"]]],
    ["COPY public.connect (a, b) FROM stdin;\nx\\ty\t\\N\n\\.\n", [[2, "x\ty", null]]],
    ["INSERT INTO other VALUES ('x',1);", []],
  ];
  for (const [text, expected] of table) {
    assertEquals(parseSqlDump(text, TABLES).errors, [], text);
    assertEquals(rowsOf(text), expected, text);
  }
});

Deno.test("a row that cannot be read is named by its line, and the rest is kept", () => {
  const text = "INSERT INTO connect VALUES ('a');\nINSERT INTO connect VALUES ('b','c');\n" +
    "INSERT INTO connect VALUES ('unended";
  const { rows, errors } = parseSqlDump(text, TABLES);
  assertEquals(rows.map(({ line }) => line), [2]);
  assertEquals(errors.map(({ line }) => line), [1, 3]);
});

Deno.test("a truncated dump is an error, and its rows are kept", () => {
  const row = "INSERT INTO connect VALUES('x',1);\n";
  const table: [string, string][] = [
    [`PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n${row}`, "COMMIT;\n"],
    [`-- MySQL dump 10.13\n--\n${row}`, "-- Dump completed on 2026-09-21 10:00:00\n"],
    [
      `/*M!999999\\- enable the sandbox mode */\n-- MariaDB dump 10.19\n${row}`,
      "-- Dump completed\n",
    ],
    [
      `--\n-- PostgreSQL database dump\n--\n${row}`,
      "--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict x\n",
    ],
    [row, ""],
  ];
  for (const [beginning, end] of table) {
    assertEquals(parseSqlDump(beginning + end, TABLES).errors, [], beginning);
    if (end === "") continue;
    const { rows, errors } = parseSqlDump(`${beginning}INSERT INTO conn`, TABLES);
    assertEquals(rows.length, 1);
    assertEquals(errors.map(({ why }) => why.replace(/:.*/, "")), ["the dump is truncated"]);
    assertEquals(errors[0]!.line, beginning.split("\n").length);
  }
});

Deno.test("any text survives in a value, and no text breaks the reader", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string(), (a, b) => {
    const quote = (value: string) => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
    assertEquals(rowsOf(`INSERT INTO \`connect\` VALUES (${quote(a)},${quote(b)});`), [[1, a, b]]);
    const standard = (value: string) => `'${value.replaceAll("'", "''")}'`;
    const row = `INSERT INTO connect VALUES (${standard(a)},${standard(b)});`;
    assertEquals(rowsOf(row), [[1, a, b]]);
    parseSqlDump(`INSERT INTO connect VALUES (${a}${b}`, TABLES);
  }));
});
