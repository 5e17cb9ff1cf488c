/**
 * The OpenAPI 3.1 document of the API, generated from the table of calls.
 *
 * @module
 */
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { SESSION_COOKIE } from "../http/sessions.ts";
import { type Call, CALLS } from "./calls.ts";
import { COMMA_SEPARATED, PROBLEM } from "./schema.ts";

export type Json = Readonly<Record<string, unknown>>;

function schemaOf(schema: v.GenericSchema, typeMode: "input" | "output"): Json {
  // Checks without a JSON Schema equivalent are in the description of their field.
  const { $schema: _, ...rest } = toJsonSchema(schema, { typeMode, errorMode: "ignore" });
  return rest;
}

function content(schema: Json): Json {
  return { "application/json": { schema } };
}

function queryParameter(name: string, schema: Json): Json {
  const parameter = { name, in: "query", required: false };
  const values = COMMA_SEPARATED[name];
  if (values === undefined) return { ...parameter, schema };
  const items = { type: "string", enum: values };
  const list = { type: "array", minItems: 1, items, description: schema["description"] };
  return { ...parameter, style: "form", explode: false, schema: list };
}

function parametersOf({ path, query }: Call): Json[] {
  const { properties = {} } = schemaOf(query, "input") as {
    properties?: Readonly<Record<string, Json>>;
  };
  const id = path.includes("{id}")
    ? [{
      name: "id",
      in: "path",
      required: true,
      description: "Number of the row.",
      schema: { type: "integer", minimum: 1 },
    }]
    : [];
  return [
    ...id,
    ...Object.entries(properties).map(([name, schema]) => queryParameter(name, schema)),
  ];
}

function problem(description: string): Json {
  return { description, content: content({ $ref: "#/components/schemas/Problem" }) };
}

function operationOf(call: Call): Json {
  const { method, summary, status, body, answer, path } = call;
  return {
    summary,
    operationId: `${method.toLowerCase()}${path.replaceAll(/[^a-z]+/g, "_")}`.replace(/_$/, ""),
    parameters: parametersOf(call),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: content(schemaOf(body, "input")) } }),
    ...(method === "GET" ? {} : { security: [{ token: [] }, { session: [] }] }),
    responses: {
      [status]: { description: "Success.", content: content(schemaOf(answer, "output")) },
      400: problem("Invalid request."),
      401: problem("Token or sign-in required."),
      403: problem("Read-only token, or forged request."),
      404: problem("Not found."),
      503: problem("Database unavailable."),
    },
  };
}

/** @param prefix the path below which a reverse proxy serves the status page. */
export function openApi(prefix: string, version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const call of CALLS) {
    (paths[call.path] ??= {})[call.method.toLowerCase()] = operationOf(call);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Greylag",
      version,
      license: { name: "MIT", identifier: "MIT" },
      description: "The data and actions of the status page. Lists are paged by key: `next` of a " +
        "page is `after` of the following page. A page may have fewer rows than `limit`, even " +
        "none, before the last; only `next` = null marks the end.",
    },
    servers: [{ url: `${prefix}/api/v1` }],
    security: [{}, { token: [] }, { session: [] }],
    paths: {
      ...paths,
      "/events": {
        get: {
          summary: "Server-sent events: `begin` once the stream is complete from then on, " +
            "`decision` (as in /decisions) and `lists` after changes of the lists.",
          operationId: "get_events",
          responses: {
            200: {
              description: "Endless stream.",
              content: { "text/event-stream": { schema: { type: "string" } } },
            },
            401: problem("Token or sign-in required."),
            503: problem("Too many streams."),
          },
        },
      },
    },
    components: {
      schemas: { Problem: schemaOf(PROBLEM, "output") },
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: "Token from `greylag token add`.",
        },
        session: {
          type: "apiKey",
          in: "cookie",
          name: SESSION_COOKIE,
          description: "Session of the pages; changes need the header x-csrf-token.",
        },
      },
    },
  };
}
