/**
 * What the buttons and forms of the pages do. Each ends by sending the reader back, with a notice, and
 * the way to take it back.
 *
 * @module
 */
import { deleteCookie, setCookie } from "hono/cookie";
import { parseDuration } from "../../text/duration.ts";
import type { ListName } from "../../lists/matcher.ts";
import type { MatchOn } from "../../lists/pattern.ts";
import type { StoredEntry } from "../../store/store.ts";
import { type Access, nameOf } from "./access.ts";
import type { App, AppContext } from "./context.ts";
import { describeEntry, RefusedError, type StatusService } from "../worker/status_service.ts";
import { ownPath } from "./answer.tsx";
import { signInPage } from "../pages/routes.tsx";
import type { Notice, Session } from "./sessions.ts";

/** The cookie of a session. */
export const SESSION_COOKIE = "greylag_session";

/** The fields of a form. */
export type Fields = Readonly<Record<string, string>>;

/** The fields of a form; of several with one name the last, and no files. */
export async function fieldsOf(context: AppContext): Promise<Fields> {
  const body = await context.req.parseBody();
  return Object.fromEntries(
    Object.entries(body).filter((field): field is [string, string] => typeof field[1] === "string"),
  );
}

function numberOf({ id = "" }: Fields): number {
  if (!/^\d{1,15}$/.test(id)) throw new RefusedError(400, "the form names nothing");
  return Number(id);
}

/** How long an entry is to last, by the field `for`; undefined for ever. */
function lastsOf(fields: Fields): number | undefined {
  const given = fields["for"] ?? "";
  if (given === "") return undefined;
  const time = parseDuration(given);
  if (time === undefined || time === 0) {
    throw new RefusedError(400, `"${given}" is no duration, such as 15m or 30d`);
  }
  return time;
}

const LISTS: readonly ListName[] = ["allow", "block", "always-greylist"];
const MATCH_ON_KINDS: readonly MatchOn[] = ["client", "sender", "recipient"];

/** Does what a form says, and tells what the notice says. */
type Deed = (desk: StatusService, fields: Fields, by: string, session: Session) => Promise<Notice>;

function added(entry: StoredEntry, words: string): Notice {
  return { text: words, isBad: false, undo: { kind: "remove", id: entry.id } };
}

const ACTIONS: Readonly<Record<string, Deed>> = {
  "/waiting/release": async (desk, fields, by) => {
    const entry = await desk.release(numberOf(fields), by);
    return added(entry, `It passes at its next try (${describeEntry(entry)}).`);
  },

  "/lists/add": async (desk, fields, by) => {
    const { list: wanted, choice = "", match_on: about, pattern: typed = "", note = "" } = fields;
    const list = LISTS.find((one) => one === wanted);
    if (list === undefined) throw new RefusedError(400, "the form names no list");
    // A suggestion that was chosen is its kind and its pattern.
    const chosen = /^(client|sender|recipient) (.+)$/s.exec(choice);
    const matchOn = MATCH_ON_KINDS.find((one) => one === (chosen?.[1] ?? about));
    const pattern = chosen?.[2] ?? typed.trim();
    if (pattern === "") throw new RefusedError(400, "say what the entry is to match");
    const entry = await desk.add({ list, matchOn, pattern, note, lasts: lastsOf(fields) }, by);
    return added(entry, `Added ${describeEntry(entry)}.`);
  },

  "/expect": async (desk, fields, by) => {
    const { recipient = "", note = "expected" } = fields;
    const entry = await desk.expect(recipient.trim(), lastsOf(fields), note, by);
    return added(entry, `No greylisting for ${entry.pattern} meanwhile.`);
  },

  "/lists/edit": async (desk, fields, by) => {
    const before = await desk.entry(numberOf(fields));
    const { note = "" } = fields;
    const isKept = fields["for"] === "keep";
    const lasts = isKept ? undefined : lastsOf(fields);
    const expires = isKept ? before.expires : lasts === undefined ? undefined : desk.now + lasts;
    const changed = { note, ...(expires === undefined ? {} : { expires }) };
    const entry = await desk.edit(before.id, changed, by);
    const text = `Changed ${describeEntry(entry)}.`;
    return { text, isBad: false, undo: { kind: "restore", entry: before } };
  },

  "/lists/remove": async (desk, fields, by) => {
    const entry = await desk.remove(numberOf(fields), by);
    const text = `Removed ${describeEntry(entry)}.`;
    return { text, isBad: false, undo: { kind: "restore", entry } };
  },

  "/undo": async (desk, _, by, session) => {
    const { undo } = session;
    if (undo === undefined) throw new RefusedError(409, "there is nothing to take back");
    session.undo = undefined;
    const entry = undo.kind === "remove"
      ? await desk.remove(undo.id, by)
      : await desk.restore(undo.entry, by);
    const what = undo.kind === "remove" ? "removed" : "put back";
    return { text: `Taken back: ${what} ${describeEntry(entry)}.`, isBad: false };
  },
};

/** Behind a proxy with TLS the cookie must never travel without it. */
function isEncrypted(context: AppContext): boolean {
  return context.req.header("origin")?.startsWith("https:") ??
    context.req.header("x-forwarded-proto") === "https";
}

async function signIn(context: AppContext, desk: StatusService, access: Access): Promise<Response> {
  const { password = "", then = "/" } = await fieldsOf(context);
  const result = await access.signIn(password, context.env.address);
  switch (result.kind) {
    case "none":
      return await signInPage(context, desk, access, { then });
    case "wrong":
      return await signInPage(context, desk, access, { then, problem: "Wrong password." }, 401);
    case "wait": {
      const seconds = Math.ceil(result.wait / 1000);
      context.header("retry-after", String(seconds));
      const problem = `Too many wrong passwords: try again in ${seconds} s.`;
      return await signInPage(context, desk, access, { then, problem }, 429);
    }
    case "signed-in":
      setCookie(context, SESSION_COOKIE, result.session.id, {
        path: `${desk.settings.prefix}/`,
        httpOnly: true,
        sameSite: "Strict",
        secure: isEncrypted(context),
      });
      return context.redirect(desk.settings.prefix + ownPath(then), 303);
  }
}

/** Adds the actions to an application whose guard let only those through who may change things. */
export function serveActions(app: App, desk: StatusService, access: Access): void {
  for (const [path, deed] of Object.entries(ACTIONS)) {
    app.post(path, async (context) => {
      const visitor = context.get("visitor");
      if (visitor.kind !== "administrator") return context.text("Programs use /api/v1.\n", 403);
      const { session } = visitor;
      const fields = await fieldsOf(context);
      try {
        session.notice = await deed(desk, fields, nameOf(visitor), session);
        session.undo = session.notice.undo;
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        session.notice = { text: `Not done: ${error.message}.`, isBad: true };
      }
      return context.redirect(desk.settings.prefix + ownPath(fields["then"]), 303);
    });
  }
  app.post("/sign-in", (context) => signIn(context, desk, access));
  app.post("/sign-out", (context) => {
    const visitor = context.get("visitor");
    if (visitor.kind === "administrator") access.signOut(visitor.session);
    deleteCookie(context, SESSION_COOKIE, { path: `${desk.settings.prefix}/` });
    return context.redirect(`${desk.settings.prefix}/`, 303);
  });
}
