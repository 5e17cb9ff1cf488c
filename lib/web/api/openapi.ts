/**
 * The OpenAPI 3.1 document of the API, made of the table of its calls.
 *
 * @module
 */
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { type Call, CALLS } from "./calls.ts";
import { PROBLEM } from "./schema.ts";

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

function schemaOf(schema: v.GenericSchema, typeMode: "input" | "output"): Json {
  // What a check says cannot be written as JSON Schema, and its description says it in words.
  const { $schema: _, ...rest } = toJsonSchema(schema, { typeMode, errorMode: "ignore" });
  return rest;
}

function content(schema: Json): Json {
  return { "application/json": { schema } };
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
    ...Object.entries(properties).map(([name, schema]) => ({
      name,
      in: "query",
      required: false,
      schema,
    })),
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
      [status]: { description: "Done.", content: content(schemaOf(answer, "output")) },
      400: problem("What was sent makes no sense."),
      401: problem("It takes a token or a sign-in."),
      403: problem("This token may not change anything, or the request is forged."),
      404: problem("There is no such thing."),
      503: problem("The database cannot be used."),
    },
  };
}

/**
 * The document.
 *
 * @param prefix the path below which a reverse proxy shows the status page.
 */
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
      description: "What the status page shows and does. Lists are paged by key: `next` of one " +
        "page is `after` of the next. A page may have fewer rows than asked for, or none, " +
        "though there are more: `next` tells.",
    },
    servers: [{ url: `${prefix}/api/v1` }],
    security: [{}, { token: [] }, { session: [] }],
    paths: {
      ...paths,
      "/events": {
        get: {
          summary:
            "What is new, as server-sent events: `begin`, from which on nothing is missed, " +
            "`decision` (as in /decisions) and `lists`.",
          operationId: "get_events",
          responses: {
            200: {
              description: "A stream without an end.",
              content: { "text/event-stream": { schema: { type: "string" } } },
            },
            401: problem("It takes a token or a sign-in."),
            503: problem("Too many are listening."),
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
          description: "A token of `greylag token add`.",
        },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "greylag_session",
          description: "The sign-in of the pages; changes send x-csrf-token along.",
        },
      },
    },
  };
}
