import { assertEquals, assertThrows } from "@std/assert";
import { Hono } from "hono";
import {
  checkAfter,
  type PageParameters,
  parametersOf,
  queryWithoutAfter,
} from "../../../lib/web/http/page_query.ts";
import type { AppContext, Env } from "../../../lib/web/http/context.tsx";
import { RefusedError } from "../../../lib/web/worker/status_queries.ts";

async function read<T>(query: string, from: (context: AppContext) => T): Promise<T> {
  const results: T[] = [];
  const app = new Hono<Env>();
  app.get("/", (context) => {
    results.push(from(context));
    return context.text("");
  });
  await app.request(`/${query}`);
  return results[0]!;
}

Deno.test("invalid parameters are ignored, not rejected", async () => {
  const table: [string, Partial<PageParameters>][] = [
    ["", { q: "", after: undefined, period: "7d", list: undefined, then: "/" }],
    ["?q=%20bob%20&period=24h&list=block", { q: "bob", period: "24h", list: "block" }],
    ["?period=1y&list=opt-in", { period: "7d", list: undefined }],
    ["?reason=new,early", { reason: ["new", "early"] }],
    ["?reason=new,odd", { reason: undefined }],
    ["?from=2026-11-26T00:00:00.000Z&until=x", { from: 1_795_651_200_000, until: undefined }],
    ["?domain=&client=%20&recipient=a%40b.example", {
      domain: undefined,
      client: undefined,
      recipient: "a@b.example",
    }],
    ["?deferral=7&decision=x", { deferral: "7", decision: undefined }],
    [`?q=${"x".repeat(321)}`, { q: "" }],
  ];
  for (const [query, expected] of table) {
    const parameters = await read(query, parametersOf);
    for (const [name, value] of Object.entries(expected)) {
      assertEquals(parameters[name as keyof PageParameters], value, `${query} ${name}`);
    }
  }
});

Deno.test("after is a number, or the key of a table with text keys", () => {
  const valid: [string, string | undefined][] = [
    ["/decisions", undefined],
    ["/decisions", "17"],
    ["/auto-whitelisted", '["net:192.0.2.0/24"]'],
    ["/known", '["a","b"]'],
  ];
  for (const [path, after] of valid) checkAfter(path, after);
  const invalid: [string, string][] = [
    ["/decisions", ""],
    ["/decisions", "-1"],
    ["/decisions", "1".repeat(16)],
    ["/auto-whitelisted", "7"],
    ["/auto-whitelisted", "[7]"],
    ["/known", '["a","b","c"]'],
  ];
  for (const [path, after] of invalid) {
    assertThrows(() => checkAfter(path, after), RefusedError, undefined, `${path} ${after}`);
  }
});

Deno.test("the query for the next page is the same without after", async () => {
  assertEquals(await read("?q=a%26b&after=7&reason=new", queryWithoutAfter), "?q=a%26b&reason=new");
  assertEquals(await read("?after=7", queryWithoutAfter), "");
});
