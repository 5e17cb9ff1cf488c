/**
 * The form submissions of the pages. Each redirects back, with a notice and an undo.
 *
 * @module
 */
import { deleteCookie, setCookie } from "hono/cookie";
import { formatEntry, formatSender } from "../../admin/format.ts";
import type { ListName } from "../../lists/matcher.ts";
import { MATCH_ON } from "../../lists/pattern.ts";
import type { StoredEntry } from "../../store/store.ts";
import { formatDuration, parseDuration, SECOND } from "../../text/duration.ts";
import { signInPage } from "../pages/sign_in.tsx";
import { RefusedError } from "../worker/status_queries.ts";
import type { WantedEntry } from "../worker/status_commands.ts";
import type { StatusService } from "../worker/status_service.ts";
import { type Access, authorOf } from "./access.ts";
import { type App, type AppContext, localPath, UNDO_LIFETIME_MS } from "./context.tsx";
import { type Notice, type Session, SESSION_COOKIE } from "./sessions.ts";

export type Fields = Readonly<Record<string, string>>;

/** The text fields of a form; the last one of a repeated name. */
export async function fieldsOf(context: AppContext): Promise<Fields> {
  const body = await context.req.parseBody();
  return Object.fromEntries(
    Object.entries(body).filter((field): field is [string, string] => typeof field[1] === "string"),
  );
}

function idOf({ id = "" }: Fields): number {
  if (!/^\d{1,15}$/.test(id)) throw new RefusedError(400, "the form has no valid id");
  return Number(id);
}

/** The lifetime in the field `for`, in milliseconds; undefined for no expiry. */
function lifetimeOf(fields: Fields): number | undefined {
  const given = fields["for"] ?? "";
  if (given === "") return undefined;
  const lifetime = parseDuration(given);
  if (lifetime === undefined || lifetime === 0) {
    throw new RefusedError(400, `"${given}" is not a duration such as 15m or 30d`);
  }
  return lifetime;
}

const LISTS: readonly ListName[] = ["allow", "block", "always-greylist"];

interface Submission {
  readonly service: StatusService;
  readonly fields: Fields;
  /** The author of the change. */
  readonly by: string;
  readonly session: Session;
}

interface Action {
  run(submission: Submission): Notice;
  /** The question to a visitor who was signed out, before it happens. */
  question?(service: StatusService, fields: Fields): string;
}

/** The entry that the form wants. */
function wantedEntry(fields: Fields): WantedEntry {
  const { list: name, match_on: type, pattern: typed = "", note = "" } = fields;
  const list = LISTS.find((one) => one === name);
  if (list === undefined) throw new RefusedError(400, "the form has no valid list");
  const matchOn = MATCH_ON.find((one) => one === type);
  const pattern = typed.trim();
  if (pattern === "") throw new RefusedError(400, "the pattern is empty");
  const isConfirmed = fields["confirmed"] !== undefined;
  return { list, matchOn, pattern, note, lifetime: lifetimeOf(fields), isConfirmed };
}

/** ` for 15m`; empty for no expiry. */
function lifetimeText(fields: Fields): string {
  const lifetime = lifetimeOf(fields);
  return lifetime === undefined ? "" : ` for ${formatDuration(lifetime)}`;
}

function withUndo(entry: StoredEntry, text: string): Notice {
  return { text, isError: false, undo: { kind: "remove", id: entry.id } };
}

const ACTIONS: Readonly<Record<string, Action>> = {
  "/waiting/release": {
    run({ service, fields, by }) {
      const entry = service.commands.release(idOf(fields), by);
      return withUndo(entry, `Next retry will be accepted (${formatEntry(entry)}).`);
    },
    question({ queries }, fields) {
      const { sender, recipient } = queries.deferral(idOf(fields));
      return `Accept the next retry of mail from ${formatSender(sender)} to ${recipient}?`;
    },
  },

  "/lists/add": {
    run({ service, fields, by }) {
      const entry = service.commands.add(wantedEntry(fields), by);
      return withUndo(entry, `Added ${formatEntry(entry)}.`);
    },
    question(_, fields) {
      const { list, pattern } = wantedEntry(fields);
      return `Add ${pattern} to the list ${list}${lifetimeText(fields)}?`;
    },
  },

  "/exemptions": {
    run({ service, fields, by }) {
      const { recipient = "", note = "exemption" } = fields;
      const lifetime = lifetimeOf(fields);
      const entry = service.commands.exempt(recipient.trim(), lifetime, note, by);
      return withUndo(
        entry,
        `Exempted ${entry.pattern} from greylisting (entry ${entry.id}). Ask for a new code now: ` +
          "it will pass.",
      );
    },
    question(_, fields) {
      return `Exempt ${fields["recipient"] ?? ""} from greylisting${lifetimeText(fields)}?`;
    },
  },

  "/lists/edit": {
    run({ service, fields, by }) {
      const before = service.queries.entry(idOf(fields));
      const { note = "" } = fields;
      const keepsExpiry = fields["for"] === "keep";
      const lifetime = keepsExpiry ? undefined : lifetimeOf(fields);
      const expires = keepsExpiry
        ? before.expires
        : lifetime === undefined
        ? undefined
        : service.now + lifetime;
      const change = { note, ...(expires === undefined ? {} : { expires }) };
      const entry = service.commands.edit(before.id, change, by);
      const text = `Changed ${formatEntry(entry)}.`;
      return { text, isError: false, undo: { kind: "restore", entry: before } };
    },
    question({ queries }, fields) {
      return `Change ${formatEntry(queries.entry(idOf(fields)))}?`;
    },
  },

  "/lists/remove": {
    run({ service, fields, by }) {
      const entry = service.commands.remove(idOf(fields), by);
      const text = `Removed ${formatEntry(entry)}.`;
      return { text, isError: false, undo: { kind: "restore", entry } };
    },
    question({ queries }, fields) {
      return `Remove ${formatEntry(queries.entry(idOf(fields)))}?`;
    },
  },

  "/undo": {
    run({ service, by, session }) {
      const last = session.undo;
      if (last === undefined || service.now - last.at > UNDO_LIFETIME_MS) {
        throw new RefusedError(409, "there is nothing to undo");
      }
      const { undo } = last;
      session.undo = undefined;
      if (undo.kind === "remove") {
        const entry = service.commands.remove(undo.id, by);
        return { text: `Undone: removed ${formatEntry(entry)}.`, isError: false };
      }
      const entry = service.commands.restore(undo.entry, by);
      return { text: `Undone: restored ${formatEntry(entry)}.`, isError: false };
    },
  },
};

/**
 * The question whether to do what a visitor who was signed out wanted; undefined for an unknown action.
 *
 * @throws {RefusedError} if it cannot be done.
 */
export function questionOf(
  service: StatusService,
  path: string,
  fields: Fields,
): string | undefined {
  const action = Object.hasOwn(ACTIONS, path) ? ACTIONS[path] : undefined;
  return action?.question?.(service, fields);
}

/** The page that asks for confirmation of an action once its visitor has signed in. */
export function confirmationPath(path: string, { csrf: _, ...fields }: Fields): string {
  if (!Object.hasOwn(ACTIONS, path)) return "/";
  return `/confirm?${new URLSearchParams({ ...fields, action: path })}`;
}

/** True if the browser speaks TLS, to this server or to a reverse proxy. */
export function isEncrypted(context: AppContext): boolean {
  return context.req.header("origin")?.startsWith("https:") ??
    context.req.header("x-forwarded-proto") === "https";
}

async function signIn(
  context: AppContext,
  service: StatusService,
  access: Access,
): Promise<Response> {
  const { password = "", then = "/" } = await fieldsOf(context);
  const result = await access.signIn(password, context.env.address);
  switch (result.kind) {
    case "no-password-set":
      return signInPage(context, service, access, { then });
    case "wrong-password":
      return signInPage(context, service, access, { then, error: "Wrong password." }, 401);
    case "throttled": {
      const seconds = Math.ceil(result.retryAfterMs / SECOND);
      context.header("retry-after", String(seconds));
      const error = `Too many wrong passwords: try again in ${seconds} s.`;
      return signInPage(context, service, access, { then, error }, 429);
    }
    case "signed-in":
      setCookie(context, SESSION_COOKIE, result.session.id, {
        path: `${service.settings.prefix}/`,
        httpOnly: true,
        sameSite: "Strict",
        secure: isEncrypted(context),
      });
      return context.redirect(service.settings.prefix + localPath(then), 303);
  }
}

/** Adds the actions behind the guard. */
export function serveActions(app: App, service: StatusService, access: Access): void {
  for (const [path, action] of Object.entries(ACTIONS)) {
    app.post(path, async (context) => {
      const visitor = context.get("visitor");
      if (visitor.kind !== "administrator") return context.text("Programs use /api/v1.\n", 403);
      const { session } = visitor;
      const fields = await fieldsOf(context);
      try {
        session.notice = action.run({ service, fields, by: authorOf(visitor), session });
        const { undo, text } = session.notice;
        session.undo = undo && { undo, text, at: service.now };
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        const form = { action: path, fields };
        session.notice = { text: `Nothing changed: ${error.message}.`, isError: true, form };
        // Back to the form, which shows what was entered.
        const back = localPath(fields["form"] ?? fields["then"]);
        return context.redirect(service.settings.prefix + back, 303);
      }
      return context.redirect(service.settings.prefix + localPath(fields["then"]), 303);
    });
  }
  app.post("/sign-in", (context) => signIn(context, service, access));
  app.post("/sign-out", (context) => {
    const visitor = context.get("visitor");
    if (visitor.kind === "administrator") access.signOut(visitor.session);
    deleteCookie(context, SESSION_COOKIE, { path: `${service.settings.prefix}/` });
    return context.redirect(`${service.settings.prefix}/`, 303);
  });
}
