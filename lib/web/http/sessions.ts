/**
 * Who is signed in. Sessions are kept in memory only: a restart signs everybody out.
 *
 * @module
 */
import { randomText } from "../../admin/secrets.ts";
import type { NewEntry } from "../../store/store.ts";

/** What would take back the last change. */
export type Undo =
  | { readonly kind: "remove"; readonly id: number }
  | { readonly kind: "restore"; readonly entry: NewEntry };

/** What is said on the next page. */
export interface Notice {
  /** In words; may hold hostile text. */
  readonly text: string;
  /** Whether it tells of a failure. */
  readonly isBad: boolean;
  /** How it is taken back, where it can be. */
  readonly undo?: Undo | undefined;
}

/** Somebody who is signed in. */
export interface Session {
  /** What the cookie holds. */
  readonly id: string;
  /** What every form has to send along. */
  readonly csrf: string;
  /** The hash of the password that it was opened with: another password ends it. */
  readonly passwordHash: string;
  /** When it was last used, in milliseconds since the epoch. */
  lastUsed: number;
  /** What the next page says. */
  notice?: Notice | undefined;
  /** How the last change is taken back. */
  undo?: Undo | undefined;
}

/** A session ends after so long without use, in milliseconds. */
const IDLE_TIME = 12 * 3_600_000;

/** So many at once; the one that was not used for longest gives way. */
const MAX_SESSIONS = 100;

/** The sessions of one status page. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();

  /** Opens one. */
  open(passwordHash: string, now: number): Session {
    const session: Session = {
      id: randomText(),
      csrf: randomText(),
      passwordHash,
      lastUsed: now,
    };
    this.#sessions.set(session.id, session);
    if (this.#sessions.size > MAX_SESSIONS) {
      const [oldest] = this.#sessions.keys();
      this.#sessions.delete(oldest!);
    }
    return session;
  }

  /** The session of that cookie; undefined if it is none, or over. */
  find(id: string, passwordHash: string | undefined, now: number): Session | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    this.#sessions.delete(id);
    const isOver = now - session.lastUsed > IDLE_TIME || session.passwordHash !== passwordHash;
    if (isOver) return undefined;
    session.lastUsed = now;
    // The order of the map is that of the last use.
    this.#sessions.set(id, session);
    return session;
  }

  /** Ends one. */
  close(id: string): void {
    this.#sessions.delete(id);
  }
}
