import { assert, assertEquals } from "@std/assert";
import { Validator } from "@seriousme/openapi-schema-validator";
import { openApi } from "../../../lib/web/api/openapi.ts";

Deno.test("the document is valid OpenAPI 3.1, and has prefix and version", async () => {
  const document = openApi("/mail", "1.2.3");
  const result = await new Validator().validate({ ...document });
  assertEquals(result.errors, undefined);
  assert(result.valid);
  assertEquals(document["servers"], [{ url: "/mail/api/v1" }]);
  assertEquals((document["info"] as { version: string }).version, "1.2.3");
});

Deno.test("changes need a token or a session, reading may be public", () => {
  const { paths } = openApi("", "1") as {
    paths: Record<string, Record<string, { security?: unknown[]; operationId: string }>>;
  };
  const ids = new Set<string>();
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { security, operationId }] of Object.entries(operations)) {
      assertEquals(security !== undefined, method !== "get", `${method} ${path}`);
      assert(!ids.has(operationId), `${operationId} is not unique`);
      ids.add(operationId);
    }
  }
});

Deno.test("the document has the licence, and patterns and values of the parameters", () => {
  interface Parameter {
    readonly name: string;
    readonly explode?: boolean;
    readonly schema: {
      readonly pattern?: string;
      readonly items?: { readonly enum: readonly string[] };
    };
  }
  const document = openApi("", "1") as {
    info: { license: { identifier: string } };
    paths: Record<string, {
      get: { parameters: Parameter[] };
      post: {
        requestBody: {
          content: { "application/json": { schema: { properties: { for: { pattern: string } } } } };
        };
      };
    }>;
  };
  assertEquals(document.info.license.identifier, "MIT");
  const parameter = (path: string, name: string) =>
    document.paths[path]!.get.parameters.find((one) => one.name === name)!;
  const limit = new RegExp(parameter("/decisions", "limit").schema.pattern!);
  const limits = ["0", "1", "99", "200", "201", "1000", "-1", "1e2", ""];
  assertEquals(limits.filter((text) => limit.test(text)), ["1", "99", "200"]);
  const reason = parameter("/decisions", "reason");
  assert(reason.schema.items?.enum.includes("auto-whitelisted") && reason.explode === false);
  for (
    const pattern of [
      parameter("/summary", "since").schema.pattern!,
      document.paths["/entries"]!.post.requestBody.content["application/json"].schema.properties
        .for.pattern,
    ]
  ) {
    const duration = new RegExp(pattern);
    assertEquals(["15m", "1h 30m", "soon", "15", ""].filter((text) => duration.test(text)), [
      "15m",
      "1h 30m",
    ]);
  }
});
