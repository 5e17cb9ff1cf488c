/**
 * The context of a request, that of the page that answers it, and the answer.
 *
 * @module
 */
import type { Hono } from "hono";
import type { Child } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";
import { Layout, type PageContext } from "../components/layout.tsx";
import { MINUTE } from "../../text/duration.ts";
import type { StatusService } from "../worker/status_service.ts";
import type { Visitor } from "./access.ts";

export interface Env {
  /** Set by the listener: the client's address. */
  Bindings: { readonly address: string };
  /** Set by the guard. */
  Variables: { visitor: Visitor };
}

export type App = Hono<Env>;

/** Time during which the last change can be undone from any page. */
export const UNDO_LIFETIME_MS = 10 * MINUTE;

export type AppContext = Parameters<Parameters<App["notFound"]>[0]>[0];

/** A path of this server that is safe to redirect to; `/` for anything else. */
export function localPath(path: unknown): string {
  // Browsers read a backslash as a slash, and two slashes as the start of another host's URL.
  const isLocal = typeof path === "string" && /^\/(?![/\\])[!-[\]-~]*$/.test(path) &&
    path.length <= 4000;
  return isLocal ? path : "/";
}

/** True for a request by the script of the page, which replaces panels only. */
export function isRefresh(context: AppContext): boolean {
  return context.req.header("x-live") !== undefined;
}

/** Takes the session's notice, which is shown once; a refresh by script leaves it. */
export function pageContextOf(context: AppContext, service: StatusService): PageContext {
  const visitor = context.get("visitor");
  const url = new URL(context.req.url);
  const page: PageContext = {
    prefix: service.settings.prefix,
    path: localPath(url.pathname + url.search),
    visitor,
    problems: service.problems,
    now: service.now,
  };
  if (visitor.kind !== "administrator" || isRefresh(context)) return page;
  const { session } = visitor;
  const { notice, undo } = session;
  session.notice = undefined;
  const isUndoable = undo !== undefined && service.now - undo.at < UNDO_LIFETIME_MS;
  return {
    ...page,
    ...(notice === undefined ? {} : { notice }),
    ...(isUndoable ? { undoable: undo.text } : {}),
  };
}

export type PageStatus = 200 | 400 | 401 | 403 | 404 | 409 | 410 | 429 | 500 | 503;

export function answerDocument(
  context: AppContext,
  html: JSX.Element,
  status: PageStatus = 200,
): Response {
  return context.html(`<!doctype html>${html}`, status);
}

export function answerPage(
  context: AppContext,
  page: PageContext,
  title: string,
  content: Child,
  status: PageStatus = 200,
): Response {
  return answerDocument(context, <Layout page={page} title={title}>{content}</Layout>, status);
}
