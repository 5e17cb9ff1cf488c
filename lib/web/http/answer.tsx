/**
 * Answering with a page: who reads it, where from, and with which notice.
 *
 * @module
 */
import type { StatusService } from "../worker/status_service.ts";
import type { Content } from "../components/html.ts";
import { Layout, type PageContext } from "../components/layout.tsx";
import type { AppContext } from "./context.ts";

/** A path of this server that a reader may be sent to; the overview for anything else. */
export function ownPath(path: unknown): string {
  // A backslash is a slash to a browser, and two slashes begin another host's address.
  const isOwn = typeof path === "string" && /^\/(?![/\\])[!-[\]-~]*$/.test(path) &&
    path.length <= 4000;
  return isOwn ? path : "/";
}

/** What a page knows of its reader; the notice is told once. */
export function pageContextOf(context: AppContext, desk: StatusService): PageContext {
  const visitor = context.get("visitor");
  const url = new URL(context.req.url);
  const isRefresh = context.req.header("x-live") !== undefined;
  const frame: PageContext = {
    prefix: desk.settings.prefix,
    path: ownPath(url.pathname + url.search),
    visitor,
    now: desk.now,
  };
  if (visitor.kind !== "administrator" || isRefresh) return frame;
  const { session } = visitor;
  const { notice } = session;
  session.notice = undefined;
  return notice === undefined ? frame : { ...frame, notice };
}

/** Answers with a whole page. */
export function answerPage(
  context: AppContext,
  frame: PageContext,
  title: string,
  content: Content,
  status: 200 | 400 | 401 | 403 | 404 | 429 | 500 | 503 = 200,
): Response {
  const page = <Layout frame={frame} title={title}>{content}</Layout>;
  return context.html(`<!doctype html>${page}`, status);
}
