import { assert, assertEquals } from "@std/assert";
import { NextPage, Table } from "../../../lib/web/components/table.tsx";

Deno.test("a table without rows is its text", () => {
  const html = `${<Table caption="x" columns={[{ head: "A" }]} rows={[]} empty="Nothing." />}`;
  assertEquals(html, '<p class="empty">Nothing.</p>');
});

Deno.test("each cell has the head of its column, for the card layout", () => {
  const html = `${(
    <Table
      caption="x"
      columns={[{ head: "A" }, { head: "B", kind: "number" }]}
      rows={[{ key: 7, cells: ["<", 2] }]}
      empty=""
    />
  )}`;
  assert(html.includes('<td class="" data-head="A"><div>&lt;</div></td>'), html);
  assert(html.includes('<td class="number" data-head="B"><div>2</div></td>'), html);
  assert(html.includes('data-key="7"'), html);
});

Deno.test("the link to the next page keeps the query and escapes the key", () => {
  const key = `["a&b"]`;
  const link = (path: string) => `${<NextPage path={path} next={key} />}`;
  assert(link("/known").includes('href="/known?after=%5B%22a%26b%22%5D"'));
  assert(link("/known?q=x").includes('href="/known?q=x&amp;after=%5B'));
  assertEquals(`${<NextPage path="/known" next={undefined} />}`, '<span hidden=""></span>');
});
