/**
 * The status page as an application: the guard before everything, and everything behind it.
 *
 * @module
 */
import { Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { getCookie } from "hono/cookie";
import { isLocal } from "../../net/endpoint.ts";
import { isSame } from "../../admin/secrets.ts";
import { DatabaseError } from "../../store/database_error.ts";
import { Access } from "./access.ts";
import { fieldsOf, serveActions, SESSION_COOKIE } from "./actions.ts";
import { MAX_BODY, serveApi } from "../api/server.ts";
import { DaemonStuckError } from "../worker/daemon_link.ts";
import { RefusedError, type StatusService } from "../worker/status_service.ts";
import type { EventStream } from "./event_stream.ts";
import { FILES } from "./static_files.ts";
import { isKnownHost, isOwnOrigin, SECURITY_HEADERS } from "./guard.ts";
import { sizeOf } from "../api/health.ts";
import { renderMetrics } from "../api/metrics.ts";
import { FairQueue } from "./fair_queue.ts";
import { answerPage, pageContextOf } from "./answer.tsx";
import { servePages } from "../pages/routes.tsx";
import type { App, AppContext, Env } from "./context.ts";

/** Answers a request that came from an address. */
export type Handler = (request: Request, address: string) => Promise<Response>;

/** What anybody may see: whether it is alive, the page for strangers, and what pages are made of. */
const PUBLIC = ["/healthz", "/readyz", "/help", "/sign-in", ...Object.keys(FILES)];

const isApi = (context: AppContext) =>
  context.req.path.startsWith("/api/") || context.req.path === "/metrics";

const isChange = (context: AppContext) => !["GET", "HEAD"].includes(context.req.method);

function problem(
  context: AppContext,
  desk: StatusService,
  status: 400 | 401 | 403 | 404 | 409 | 500 | 503,
  text: string,
): Response {
  if (isApi(context)) return context.json({ error: text }, status);
  const title = status === 404 ? "There is nothing here" : "That did not work";
  const frame = { ...pageContextOf(context, desk), path: "/" };
  return answerPage(context, frame, title, text, status === 409 ? 400 : status);
}

/** Sends who may not see or do something to where they can sign in. */
function askToSignIn(context: AppContext, desk: StatusService): Response {
  if (isApi(context)) {
    context.header("www-authenticate", 'Bearer realm="greylag"');
    return context.json({ error: "this takes a token (greylag token add) or a sign-in" }, 401);
  }
  const { pathname, search } = new URL(context.req.url);
  const then = isChange(context) ? "/" : pathname + search;
  return context.redirect(
    `${desk.settings.prefix}/sign-in?then=${encodeURIComponent(then)}`,
    303,
  );
}

/** Every answer, good or bad, tells the browser what it may not do. */
function harden({ headers }: Response): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value);
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
}

/** Refuses names that are not ours. */
function checkHost(desk: StatusService): MiddlewareHandler<Env> {
  return async (context, next) => {
    const { names, endpoint } = desk.settings;
    const isOurs = isKnownHost(context.req.header("host") ?? null, {
      names,
      isOpen: !isLocal(endpoint),
    });
    if (!isOurs) return context.text("This server goes by another name: see status_names.\n", 421);
    await next();
  };
}

/** Whether a change comes from a form of ours. */
async function isGenuine(context: AppContext, csrf: string | undefined): Promise<boolean> {
  if (csrf === undefined) return true;
  const given = context.req.header("x-csrf-token") ?? (await fieldsOf(context))["csrf"];
  return given !== undefined && isSame(given, csrf);
}

/** Finds out who asks, and lets through who may. */
function checkAccess(desk: StatusService, access: Access): MiddlewareHandler<Env> {
  return async (context, next) => {
    const { path } = context.req;
    const authorization = context.req.header("authorization");
    const visitor = await access.visitor(getCookie(context, SESSION_COOKIE), authorization);
    context.set("visitor", visitor);
    const isPublic = PUBLIC.includes(path);
    if (!isPublic && visitor.kind === "nobody" && (isChange(context) || access.isPrivate)) {
      return askToSignIn(context, desk);
    }
    if (!isChange(context)) return await next();
    if (visitor.kind === "program") {
      if (visitor.mayChange) return await next();
      return problem(context, desk, 403, "this token may only read");
    }
    const source = {
      host: context.req.header("host") ?? null,
      origin: context.req.header("origin") ?? null,
      fetchSite: context.req.header("sec-fetch-site") ?? null,
    };
    const csrf = visitor.kind === "administrator" && path !== "/sign-in"
      ? visitor.session.csrf
      : undefined;
    const names = { names: desk.settings.names, isOpen: false };
    if (!isOwnOrigin(source, names) || !await isGenuine(context, csrf)) {
      const text = "This did not come from a page of this server, or the page was too old. " +
        "Load it again and try once more.";
      return problem(context, desk, 403, text);
    }
    await next();
  };
}

/** Everything that reads the database takes its turn. */
function keepPace(pace: FairQueue): MiddlewareHandler<Env> {
  return async (context, next) => {
    if (PUBLIC.includes(context.req.path)) await next();
    else await pace.take(next);
  };
}

function serveMonitoring(app: App, desk: StatusService, access: Access): void {
  app.get("/healthz", async (context) => {
    // Alive is who answers Postfix, and not this thread.
    await desk.daemon.state();
    return context.text("alive\n");
  });
  app.get("/readyz", async (context) => {
    const { obstacles = [] } = await desk.daemon.tried();
    if (obstacles.length === 0) return context.text("ready\n");
    const isTold = !access.isPrivate || context.get("visitor").kind !== "nobody";
    const why = isTold ? `:\n${obstacles.join("\n")}` : "";
    return context.text(`not ready, and all mail passes${why}\n`, 503);
  });
  app.get("/metrics", async (context) => {
    const { daemonStatus } = await desk.daemon.state();
    const { version, store } = desk.settings;
    const databaseBytes = await sizeOf(store.database);
    return context.body(renderMetrics({ daemonStatus, version, databaseBytes }), 200, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
    });
  });
}

function onError(desk: StatusService): (error: Error, context: AppContext) => Response {
  return (error, context) => {
    if (error instanceof RefusedError) {
      return problem(context, desk, error.status, error.message);
    }
    if (error instanceof DatabaseError) return problem(context, desk, 503, error.message);
    if (error instanceof DaemonStuckError) return context.text(`${error.message}\n`, 503);
    desk.daemon.tell({ kind: "bug", what: error.stack ?? error.message });
    return context.text("This went wrong inside, and the log says how.\n", 500);
  };
}

/** The path that is asked for, without the prefix below which a proxy shows it. */
function withoutPrefix(request: Request, prefix: string): Request {
  if (prefix === "") return request;
  const url = new URL(request.url);
  if (url.pathname !== prefix && !url.pathname.startsWith(`${prefix}/`)) return request;
  url.pathname = url.pathname.slice(prefix.length) || "/";
  return new Request(url, request);
}

/** What can be asked; the router must not see a method that is the name of something of JavaScript's. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

function refuseMethod(): Response {
  const answer = new Response("There is no such method here.\n", {
    status: 405,
    headers: { allow: METHODS.join(", ") },
  });
  harden(answer);
  return answer;
}

/**
 * The status page; apart from any listener, so that it can be asked directly.
 *
 * @param elapsed tells milliseconds and never jumps (default: the process's own).
 */
export function statusHandler(
  desk: StatusService,
  feed: EventStream,
  elapsed?: () => number,
): Handler {
  const access = new Access(desk, elapsed);
  const app = new Hono<Env>();
  app.use(async (context, next) => {
    await next();
    harden(context.res);
  });
  app.use(checkHost(desk));
  app.use(bodyLimit({
    maxSize: MAX_BODY,
    onError: (context) => context.json({ error: `at most ${MAX_BODY} bytes at once` }, 413),
  }));
  app.use(checkAccess(desk, access));
  app.use(keepPace(new FairQueue()));
  for (const [path, { text, type }] of Object.entries(FILES)) {
    app.get(
      path,
      (context) =>
        context.body(text, 200, { "content-type": type, "cache-control": "max-age=300" }),
    );
  }
  serveMonitoring(app, desk, access);
  serveApi(app, desk, feed);
  servePages(app, desk, access);
  serveActions(app, desk, access);
  app.notFound((context) => problem(context, desk, 404, "There is nothing under this address."));
  app.onError(onError(desk));
  return async (request, address) =>
    METHODS.includes(request.method)
      ? await app.fetch(withoutPrefix(request, desk.settings.prefix), { address })
      : refuseMethod();
}
