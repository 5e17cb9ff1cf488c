/**
 * Routes of the API under `/api/v1`.
 *
 * @module
 */
import { streamSSE } from "hono/streaming";
import * as v from "valibot";
import { authorOf } from "../http/access.ts";
import type { App, AppContext } from "../http/context.tsx";
import { type EventStream, KEEP_ALIVE } from "../http/event_stream.ts";
import { RefusedError } from "../worker/status_queries.ts";
import type { StatusService } from "../worker/status_service.ts";
import { type Call, CALLS } from "./calls.ts";
import { openApi } from "./openapi.ts";

/** Bytes of a request body. */
export const MAX_BODY = 64 * 1024;

/** @throws {RefusedError} that names the invalid field. */
function validate<T>(schema: v.GenericSchema<unknown, T>, given: unknown): T {
  const result = v.safeParse(schema, given);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue);
  throw new RefusedError(400, field === null ? issue.message : `${field}: ${issue.message}`);
}

async function bodyOf(call: Call, context: AppContext): Promise<unknown> {
  if (call.body === undefined) return undefined;
  if (!/^application\/json\s*(?:;|$)/i.test(context.req.header("content-type") ?? "")) {
    throw new RefusedError(400, "the body must be JSON, with content-type: application/json");
  }
  let given: unknown;
  try {
    given = JSON.parse(await context.req.text());
  } catch {
    throw new RefusedError(400, "the body is not JSON");
  }
  return validate(call.body, given);
}

function serveCall(app: App, call: Call, service: StatusService): void {
  const path = `/api/v1${call.path.replace("{id}", ":id{[0-9]{1,15}}")}`;
  app.on(call.method, path, async (context) => {
    // The first of a repeated parameter counts.
    const query = validate(call.query, context.req.query());
    const body = await bodyOf(call, context);
    const id = Number(context.req.param("id") ?? 0);
    const by = authorOf(context.get("visitor"));
    const answer = await call.run(service, { query, body, id, by });
    return context.json(answer as Record<string, unknown>, call.status);
  });
}

function serveEvents(app: App, events: EventStream): void {
  app.get("/api/v1/events", (context) => {
    const messages = events.subscribe();
    if (messages === undefined) return context.json({ error: "too many event streams" }, 503);
    // nginx buffers responses without this.
    context.header("x-accel-buffering", "no");
    const response = streamSSE(context, async (stream) => {
      const reader = messages.getReader();
      stream.onAbort(() => reader.cancel());
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        if (next.value === KEEP_ALIVE) await stream.write(":\n\n");
        else await stream.writeSSE(next.value);
      }
    });
    response.headers.set("cache-control", "no-store");
    return response;
  });
}

/** Adds the API behind the guard. */
export function serveApi(app: App, service: StatusService, events: EventStream): void {
  for (const call of CALLS) serveCall(app, call, service);
  app.get("/api/v1/openapi.json", (context) => {
    const { prefix, version } = service.settings;
    return context.json(openApi(prefix, version));
  });
  serveEvents(app, events);
}
