/**
 * Serving the calls of the API.
 *
 * @module
 */
import * as v from "valibot";
import { nameOf } from "../http/access.ts";
import { type Call, CALLS } from "./calls.ts";
import { RefusedError, type StatusService } from "../worker/status_service.ts";
import type { EventStream } from "../http/event_stream.ts";
import { openApi } from "./openapi.ts";
import type { App, AppContext } from "../http/context.ts";

/** A body is not larger than this, in bytes. */
export const MAX_BODY = 64 * 1024;

/**
 * Checks what was sent.
 *
 * @throws {RefusedError} that says what is wrong with which part.
 */
function check<T>(schema: v.GenericSchema<unknown, T>, given: unknown): T {
  const result = v.safeParse(schema, given);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue);
  throw new RefusedError(400, where === null ? issue.message : `${where}: ${issue.message}`);
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
    throw new RefusedError(400, "the body is no JSON");
  }
  return check(call.body, given);
}

function serve(app: App, call: Call, desk: () => StatusService): void {
  const path = `/api/v1${call.path.replace("{id}", ":id{[0-9]{1,15}}")}`;
  app.on(call.method, path, async (context) => {
    // Of a parameter that is given twice the first counts.
    const query = check(call.query, context.req.query());
    const body = await bodyOf(call, context);
    const id = Number(context.req.param("id") ?? 0);
    const by = nameOf(context.get("visitor"));
    const answer = await call.run(desk(), { query, body, id, by });
    return context.json(answer as Record<string, unknown>, call.status);
  });
}

/** Adds the calls of the API to an application whose guard has already looked at the request. */
export function serveApi(app: App, desk: StatusService, feed: EventStream): void {
  for (const call of CALLS) serve(app, call, () => desk);
  app.get("/api/v1/openapi.json", (context) => {
    const { prefix, version } = desk.settings;
    return context.json(openApi(prefix, version));
  });
  app.get("/api/v1/events", (context) => {
    const stream = feed.listen();
    if (stream === undefined) return context.json({ error: "too many are listening" }, 503);
    return context.body(stream, 200, {
      "content-type": "text/event-stream; charset=utf-8",
      // nginx would otherwise keep events back.
      "x-accel-buffering": "no",
    });
  });
}
