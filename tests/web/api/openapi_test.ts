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
