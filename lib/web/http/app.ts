/**
 * The status page as an HTTP application: guard, static files, monitoring, API, pages and actions.
 *
 * @module
 */
import { Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { OUTCOME_PERIOD } from "../../admin/deferral_outcome.ts";
import { DatabaseError } from "../../store/database_error.ts";
import { renderMetrics } from "../api/metrics.ts";
import { serveChanges } from "../api/changes.ts";
import { MAX_BODY, serveApi } from "../api/server.ts";
import events from "../assets/events.js" with { type: "text" };
import eventsWorker from "../assets/events_worker.js" with { type: "text" };
import icon from "../assets/icon.svg" with { type: "text" };
import script from "../assets/live.js" with { type: "text" };
import panels from "../assets/panels.js" with { type: "text" };
import theme from "../assets/theme.js" with { type: "text" };
import style from "../assets/style.css" with { type: "text" };
import { CHANGES_PATH } from "../../share/wire.ts";
import { answerRefusal } from "../pages/my_routes.tsx";
import { servePages } from "../pages/routes.tsx";
import { DaemonStuckError } from "../worker/daemon_link.ts";
import { databaseSize, ifReadable } from "../worker/health.ts";
import { RefusedError } from "../worker/status_queries.ts";
import type { StatusService } from "../worker/status_service.ts";
import { Access } from "./access.ts";
import { confirmationPath, fieldsOf, serveActions } from "./actions.ts";
import { answerPage, type App, type AppContext, type Env, pageContextOf } from "./context.tsx";
import { clientAddress } from "./client_address.ts";
import type { EventStream } from "./event_stream.ts";
import type { PageMemory } from "./page_memory.ts";
import { INSTALL_FILES, type StaticFile } from "./install_files.ts";
import { queueRequests } from "./fair_queue.ts";
import {
  checkAccess,
  checkHost,
  hardenAnswers,
  isChange,
  isForRecipients,
  isOfRecipient,
} from "./guard.ts";

/** Answers a request; the address is that of its connection. */
export type Handler = (request: Request, address: string) => Promise<Response>;

const JAVASCRIPT = "text/javascript; charset=utf-8";

const STATIC_FILES: Readonly<Record<string, StaticFile>> = {
  ...INSTALL_FILES,
  "/style.css": { body: style, type: "text/css; charset=utf-8" },
  "/live.js": { body: script, type: JAVASCRIPT },
  "/panels.js": { body: panels, type: JAVASCRIPT },
  "/events.js": { body: events, type: JAVASCRIPT },
  "/events_worker.js": { body: eventsWorker, type: JAVASCRIPT },
  "/theme.js": { body: theme, type: JAVASCRIPT },
  "/icon.svg": { body: icon, type: "image/svg+xml" },
};

const PUBLIC = new Set([
  "/healthz",
  "/readyz",
  "/help",
  CHANGES_PATH,
  "/sign-in",
  ...Object.keys(STATIC_FILES),
]);

const isPublic = (path: string) => PUBLIC.has(path) || isOfRecipient(path);

const isApi = (context: AppContext) =>
  context.req.path.startsWith("/api/") || context.req.path === "/metrics";

function answerError(
  context: AppContext,
  service: StatusService,
  status: 400 | 401 | 403 | 404 | 409 | 500 | 503,
  text: string,
): Response {
  if (isApi(context)) return context.json({ error: text }, status);
  if (isForRecipients(context.req.path)) {
    return answerRefusal(context, service, status === 404 ? "invalid" : "failed", status);
  }
  const title = status === 404 ? "Not found" : "Error";
  const page = { ...pageContextOf(context, service), path: context.req.path };
  return answerPage(context, page, title, text, status);
}

function answerWrongToken(context: AppContext): Response {
  context.header("www-authenticate", 'Bearer realm="greylag", error="invalid_token"');
  return context.json({ error: "unknown token: greylag token list shows the tokens" }, 401);
}

async function answerSignInRequired(
  context: AppContext,
  service: StatusService,
): Promise<Response> {
  if (isApi(context)) {
    context.header("www-authenticate", 'Bearer realm="greylag"');
    return context.json({ error: "needs a token (greylag token add) or a sign-in" }, 401);
  }
  const { pathname, search } = new URL(context.req.url);
  const then = isChange(context)
    ? confirmationPath(pathname, await fieldsOf(context))
    : pathname + search;
  return context.redirect(
    `${service.settings.prefix}/sign-in?then=${encodeURIComponent(then)}`,
    303,
  );
}

function serveStaticFiles(app: App): void {
  for (const [path, { body, type }] of Object.entries(STATIC_FILES)) {
    app.get(
      path,
      (context) =>
        context.body(body, 200, { "content-type": type, "cache-control": "max-age=300" }),
    );
  }
}

function serveMonitoring(app: App, service: StatusService, access: Access): void {
  app.get("/healthz", async (context) => {
    // Fails if the daemon hangs, even while this thread works.
    await service.daemon.report();
    return context.text("alive\n");
  });
  app.get("/readyz", async (context) => {
    const { obstacles = [] } = await service.daemon.testedReport();
    if (obstacles.length === 0) return context.text("ready\n");
    const mayRead = !access.isPrivate || context.get("visitor").kind !== "anonymous";
    const details = mayRead ? `:\n${obstacles.join("\n")}` : "";
    return context.text(`not ready, all mail passes${details}\n`, 503);
  });
  app.get("/metrics", async (context) => {
    const { daemonStatus, share } = await service.daemon.report();
    const { version, store } = service.settings;
    const sharing = share &&
      { status: share, unread: ifReadable(() => service.unread()) ?? new Map(), now: service.now };
    const databaseBytes = await databaseSize(store.database);
    const deferrals = ifReadable(() => service.queries.summary(OUTCOME_PERIOD));
    return context.body(
      renderMetrics({ daemonStatus, version, databaseBytes, deferrals, sharing }),
      200,
      {
        "content-type": "text/plain; version=0.0.4; charset=utf-8",
      },
    );
  });
}

/** Whether the client closed the connection before its request was complete. */
function isAbort(error: Error & { readonly code?: unknown }): boolean {
  return error.code === "ECONNRESET";
}

function answerException(error: Error, context: AppContext, service: StatusService): Response {
  if (error instanceof RefusedError) {
    return answerError(context, service, error.status, error.message);
  }
  if (error instanceof DatabaseError) return answerError(context, service, 503, error.message);
  if (error instanceof DaemonStuckError) return context.text(`${error.message}\n`, 503);
  if (isAbort(error)) return context.text("The request is incomplete.\n", 400);
  service.daemon.tell({ kind: "bug", what: error.stack ?? error.message });
  return context.text("Internal error; see Greylag's log.\n", 500);
}

/** The request without the prefix below which a reverse proxy serves the page. */
function withoutPrefix(request: Request, prefix: string): Request {
  // The URL has the Host header, which is not checked yet.
  if (prefix === "" || !URL.canParse(request.url)) return request;
  const url = new URL(request.url);
  if (url.pathname !== prefix && !url.pathname.startsWith(`${prefix}/`)) return request;
  url.pathname = url.pathname.slice(prefix.length) || "/";
  return new Request(url, request);
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** The methods that a path has a handler for. */
function methodsOf(app: App, path: string): string[] {
  const methods = METHODS.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method)
  );
  return methods.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : method)
    .concat(methods.length === 0 ? [] : "OPTIONS");
}

/** Answers `OPTIONS` (RFC 9110, 9.3.7), and methods that a page does not have. Nothing is for CORS. */
function answerMethods(app: App): MiddlewareHandler<Env> {
  return async (context, next) => {
    const { method, path } = context.req;
    const methods = methodsOf(app, path);
    if (methods.length === 0) return await next();
    if (method !== "OPTIONS" && methods.includes(method)) return await next();
    context.header("allow", methods.join(", "));
    if (method === "OPTIONS") return context.body(null, 204);
    const text = `${method} is not possible here: ${methods.join(", ")}`;
    return isApi(context) ? context.json({ error: text }, 405) : context.text(`${text}\n`, 405);
  };
}

/** Answers requests with other methods: hono's router fails on names such as `constructor`. */
function methodNotAllowed(): Hono {
  const app = new Hono();
  app.use(...hardenAnswers());
  app.all("*", (context) => {
    context.header("allow", METHODS.join(", "));
    return context.text("Method not allowed.\n", 405);
  });
  return app;
}

/**
 * The application without a listener.
 *
 * @param elapsed a monotonic clock in milliseconds.
 */
export function statusHandler(
  service: StatusService,
  events: EventStream,
  memory: PageMemory,
  elapsed: () => number,
): Handler {
  const access = new Access(service, memory, elapsed);
  const app: App = new Hono<Env>();
  app.use(...hardenAnswers());
  app.use(checkHost(service));
  app.use(answerMethods(app));
  app.use(bodyLimit({
    maxSize: MAX_BODY,
    onError: (context) => context.json({ error: `the body exceeds ${MAX_BODY} bytes` }, 413),
  }));
  app.use(checkAccess(service, access, isPublic, {
    wrongToken: answerWrongToken,
    signInRequired: (context) => answerSignInRequired(context, service),
    forbidden: (context, why) => answerError(context, service, 403, why),
  }));
  app.use(async (context, next) => {
    await next();
    if (context.get("visitor").kind === "administrator") memory.save(isChange(context));
  });
  app.use(queueRequests((path) => PUBLIC.has(path)));
  serveStaticFiles(app);
  serveMonitoring(app, service, access);
  serveApi(app, service, events);
  serveChanges(app, service);
  servePages(app, service, access, elapsed);
  serveActions(app, service, access);
  app.notFound((context) => answerError(context, service, 404, "There is no such page."));
  app.onError((error, context) => answerException(error, context, service));
  const rejectMethod = methodNotAllowed();
  return async (request, peer) => {
    if (!METHODS.includes(request.method)) {
      return await rejectMethod.fetch(new Request("http://localhost/"));
    }
    const { prefix, trustedProxies } = service.settings;
    const forwardedFor = request.headers.get("x-forwarded-for") ?? undefined;
    const address = clientAddress(peer, forwardedFor, trustedProxies);
    return await app.fetch(withoutPrefix(request, prefix), { address });
  };
}
