/**
 * The changes of this site, for other sites that share with it.
 *
 * @module
 */
import { isSame } from "../../admin/secrets.ts";
import { CHANGES_PATH, FORMAT, PAGE_ROWS, SCHEME, writePage } from "../../share/wire.ts";
import type { App } from "../http/context.tsx";
import type { StatusService } from "../worker/status_service.ts";

/** The token of the sites is none of a program, so the guard must not look for it. */
const AUTHORIZATION = new RegExp(`^${SCHEME} +(\\S+)$`, "i");

/** Characters of a position. */
const MAX_POSITION = 8192;

/** Characters of the name of a site. */
const MAX_NAME = 255;

/** Serves `/api/v1/changes` to sites with the token of the group, and to nobody else. */
export function serveChanges(app: App, service: StatusService): void {
  app.get(CHANGES_PATH, (context) => {
    const { share, version } = service.settings;
    if (share === undefined) return context.json({ error: "this site does not share" }, 404);
    const given = AUTHORIZATION.exec(context.req.header("authorization") ?? "")?.[1] ?? "";
    if (!isSame(given, share.token)) {
      context.header("www-authenticate", SCHEME);
      return context.json({ error: "needs the token of the sites" }, 401);
    }
    const after = context.req.query("after") ?? "";
    const reader = context.req.query("site") ?? "";
    if (after.length > MAX_POSITION || reader.length > MAX_NAME) {
      return context.json({ error: "after or site is too long" }, 400);
    }
    const page = service.changes(after, PAGE_ROWS);
    if (page === undefined) return context.json({ error: "this site is not ready" }, 503);
    if (reader !== "") service.readers.set(reader, after);
    const { name, agreement } = share;
    const header = { format: FORMAT, site: name, version, time: Date.now(), agreement };
    return context.json(writePage(header, page));
  });
}
