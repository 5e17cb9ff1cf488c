import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { CALLS } from "../../../lib/web/api/calls.ts";
import { relation } from "../../store/records.ts";
import { bearer, JSON_TYPE, type Page, TOKEN, withPage } from "../page.ts";

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Record<string, unknown> }>>;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Record<string, unknown>>> };
}

const HEADERS = { ...bearer(TOKEN), ...JSON_TYPE };

async function documentOf({ get }: Page): Promise<Document> {
  return await (await get("/api/v1/openapi.json")).json();
}

/** Checks a response against the document, and returns it. */
async function check(
  page: Page,
  document: Document,
  method: string,
  path: string,
  query = "",
  body?: unknown,
): Promise<[status: number, answer: Record<string, unknown>]> {
  const template = path.replace(/\/\d+/, "/{id}");
  const operation = document.paths[template]?.[method.toLowerCase()];
  assert(operation !== undefined, `${method} ${template} is not described`);
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await page.send(method, `/api/v1${path}${query}`, text, HEADERS);
  const described = operation.responses[answer.status];
  assert(described !== undefined, `${method} ${path}: ${answer.status} is not described`);
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema(document, "document");
  const given = described.content!["application/json"]!.schema;
  const schema = given["$ref"] === undefined ? strict(given) : { $ref: `document${given["$ref"]}` };
  const json: Record<string, unknown> = await answer.json();
  const validate = ajv.compile(schema);
  assert(validate(json), `${method} ${path}: ${ajv.errorsText(validate.errors)}`);
  return [answer.status, json];
}

/** The schema without undocumented fields. */
function strict(schema: unknown): Record<string, unknown> {
  if (typeof schema !== "object" || schema === null) return schema as never;
  if (Array.isArray(schema)) return schema.map(strict) as never;
  const parts = Object.fromEntries(
    Object.entries(schema).map(([name, part]) => [name, strict(part)]),
  );
  return "properties" in parts && parts["additionalProperties"] === undefined
    ? { ...parts, additionalProperties: false }
    : parts;
}

Deno.test("every call is in the OpenAPI document, and its responses conform", async () => {
  await withPage(async (page) => {
    const document = await documentOf(page);
    const seen = new Set<string>();
    const call = (method: string, path: string, query?: string, body?: unknown) => {
      seen.add(`${method} ${path.replace(/\/\d+/, "/{id}")}`);
      return check(page, document, method, path, query, body);
    };
    for (const query of ["", "?period=7d", "?period=30d"]) {
      assertEquals((await call("GET", "/trend", query))[0], 200);
    }
    assertEquals((await call("GET", "/stats/today"))[0], 200);
    assertEquals((await call("GET", "/summary", "?since=7d"))[0], 200);
    assertEquals((await call("GET", "/health"))[0], 200);
    assertEquals((await call("GET", "/rules"))[0], 200);
    for (
      const path of ["/waiting", "/decisions", "/lost", "/known", "/auto-whitelisted", "/entries"]
    ) {
      const [status, answer] = await call("GET", path, "?limit=2");
      assertEquals(status, 200);
      assert((answer["items"] as unknown[]).length > 0, path);
      assertEquals((await call("GET", path, "?q=nobody-at-all"))[1]["items"], []);
    }
    const [, waiting] = await call("GET", "/waiting", "?q=railway");
    const [{ id }] = waiting["items"] as [{ id: number }];
    assertEquals((await call("GET", `/waiting/${id}`))[0], 200);
    const [, released] = await call("POST", `/waiting/${id}/release`);
    assertEquals(released["added_by"], "api script");
    const [status, entry] = await call("POST", "/entries", "", {
      list: "block",
      match_on: "sender",
      pattern: "Mallory@Example.org",
      note: "spam",
      for: "1d",
    });
    assertEquals([status, entry["pattern"]], [201, "mallory@example.org"]);
    const [, changed] = await call("PUT", `/entries/${entry["id"]}`, "", { note: "more spam" });
    assertEquals([changed["id"], changed["note"], changed["expires"]], [
      entry["id"],
      "more spam",
      null,
    ]);
    assertEquals((await call("GET", `/entries/${entry["id"]}`))[1]["note"], "more spam");
    assertEquals((await call("DELETE", `/entries/${entry["id"]}`))[0], 200);
    assertEquals((await call("GET", `/entries/${entry["id"]}`))[0], 404);
    assertEquals((await call("POST", "/exemptions", "", { recipient: "bob@example.net" }))[0], 201);
    assertEquals(
      [...seen].sort(),
      CALLS.map(({ method, path }) => `${method} ${path}`).sort(),
    );
    // The document has no calls beyond the table, except the stream.
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`)
    );
    assertEquals(described.sort(), [...seen, "GET /events"].sort());
  }, { seeded: true });
});

Deno.test("invalid requests are rejected with field and reason", async () => {
  await withPage(async (page) => {
    const document = await documentOf(page);
    const table: [string, string, string, unknown, number, string][] = [
      ["GET", "/decisions", "?limit=0", undefined, 400, "limit: must be a whole number"],
      ["GET", "/decisions", "?limit=201", undefined, 400, "limit: must be a whole number"],
      ["GET", "/decisions", "?after=-1", undefined, 400, "after: must be the `next`"],
      [
        "GET",
        "/decisions",
        "?reason=odd",
        undefined,
        400,
        "must be one or more of: allowed, blocked",
      ],
      ["GET", "/auto-whitelisted", "?after=%5B1%5D", undefined, 400, "after: must be the `next`"],
      ["GET", "/known", "?after=x", undefined, 400, "after: must be the `next`"],
      ["GET", "/trend", "?period=1y", undefined, 400, "period: must be one of"],
      ["GET", "/summary", "?since=soon", undefined, 400, "since: must be a duration"],
      ["GET", "/summary", "?since=0s", undefined, 400, "since: must be a duration"],
      ["GET", "/entries/77", "", undefined, 404, "there is no entry 77"],
      ["POST", "/entries", "", { list: "allow" }, 400, "pattern"],
      ["POST", "/entries", "", { list: "allow", pattern: 7 }, 400, "pattern: must be a string"],
      ["POST", "/entries", "", { list: "allow", pattern: "a b" }, 400, "not an address"],
      ["POST", "/entries", "", { list: "release", pattern: "a.b" }, 400, "list: must be allow"],
      ["POST", "/entries", "", { list: "allow", pattern: "a.b", til: "1d" }, 400, "til"],
      ["POST", "/entries", "", [], 400, ""],
      ["POST", "/waiting/77/release", "", undefined, 404, "deferred message 77"],
      ["DELETE", "/entries/77", "", undefined, 404, "there is no entry 77"],
    ];
    for (const [method, path, query, body, status, words] of table) {
      const [got, answer] = await check(page, document, method, path, query, body);
      assertEquals(got, status, `${method} ${path}${query}`);
      assertStringIncludes(String(answer["error"]), words);
    }
    const text = await page.send("POST", "/api/v1/entries", "{", HEADERS);
    assertEquals([text.status, (await text.json()).error], [400, "the body is not JSON"]);
    const form = { ...HEADERS, "content-type": "text/plain" };
    assertEquals((await page.send("POST", "/api/v1/entries", "{}", form)).status, 400);
    assertEquals(page.store.lists.entries(), []);
  });
});

Deno.test("lists are paged to their end by `next`, with any limit", async () => {
  await withPage(async ({ get, store, clock }) => {
    const times = { firstSeen: clock.now, lastSeen: clock.now };
    store.greylist.exchange(() =>
      ["a", "b", "c"].flatMap((name) =>
        [1, 2, 3].map((number) => ({
          ...relation("", times),
          key: { sender: `${name}@example.org`, recipient: `r${number}@example.net` },
        }))
      )
    );
    const table = [
      ["decisions", 77],
      ["waiting", 3],
      ["lost", 1],
      ["known", 10],
      ["auto-whitelisted", 3],
      ["entries", 4],
    ] as const;
    for (const [path, total] of table) {
      for (const limit of [1, 7, 200]) {
        const rows = new Set<string>();
        let after: string | null = "";
        while (after !== null) {
          const place: string = after === "" ? "" : `&after=${encodeURIComponent(after)}`;
          const { items, next } = await (await get(`/api/v1/${path}?limit=${limit}${place}`))
            .json();
          assert(items.length <= limit);
          for (const item of items) rows.add(JSON.stringify(item));
          after = next;
        }
        assertEquals(rows.size, total, `${path} by ${limit}`);
      }
    }
  }, { seeded: true });
});
