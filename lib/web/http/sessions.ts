/**
 * Sessions of signed-in administrators, in memory only: a restart of the daemon signs everybody out.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { randomText } from "../../admin/secrets.ts";
import type { NewEntry } from "../../store/store.ts";
import { HOUR } from "../../text/duration.ts";

/** The name of the cookie with the id of a session. */
export const SESSION_COOKIE = "greylag_session";

/** The reverse of the last change. */
export type Undo =
  | { readonly kind: "remove"; readonly id: number }
  | { readonly kind: "restore"; readonly entry: NewEntry };

/** The message at the top of the next page; its text may be hostile. */
export interface Notice {
  readonly text: string;
  readonly isError: boolean;
  readonly undo?: Undo | undefined;
  /** The form that could not be carried out, to fill it in again. Texts are hostile. */
  readonly form?: {
    readonly action: string;
    readonly fields: Readonly<Record<string, string>>;
  };
}

export interface Session {
  /** The value of the cookie. */
  readonly id: string;
  /** Sent along with every form. */
  readonly csrf: string;
  /** A new password ends the sessions of the old one. */
  readonly passwordHash: string;
  /** Milliseconds on the monotonic clock. */
  lastUsed: number;
  notice?: Notice | undefined;
  /** The last change, with its text and time in milliseconds since the epoch. */
  undo?: { readonly undo: Undo; readonly text: string; readonly at: number } | undefined;
}

const IDLE_TIMEOUT_MS = 12 * HOUR;

/** Beyond it the least recently used session ends. */
const MAX_SESSIONS = 100;

/** Times are milliseconds on the monotonic clock. */
export class Sessions {
  readonly #sessions = new LRUCache<string, Session>({ max: MAX_SESSIONS });

  /** @param sessions the least recently used first. */
  constructor(sessions: readonly Session[] = []) {
    for (const session of sessions) this.#sessions.set(session.id, session);
  }

  /** The least recently used first. */
  all(): readonly Session[] {
    return [...this.#sessions.values()].reverse();
  }

  open(passwordHash: string, now: number): Session {
    const session: Session = {
      id: randomText(),
      csrf: randomText(),
      passwordHash,
      lastUsed: now,
    };
    this.#sessions.set(session.id, session);
    return session;
  }

  /** Ends the session if it was idle too long or the password has changed. */
  find(id: string, passwordHash: string | undefined, now: number): Session | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    if (now - session.lastUsed > IDLE_TIMEOUT_MS || session.passwordHash !== passwordHash) {
      this.#sessions.delete(id);
      return undefined;
    }
    session.lastUsed = now;
    return session;
  }

  close(id: string): void {
    this.#sessions.delete(id);
  }
}
