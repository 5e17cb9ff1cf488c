/**
 * The memory that outlives a crash or restart of the page's thread: sessions, and the clients that
 * signed in. The daemon keeps it, in memory only.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { MINUTE } from "../../text/duration.ts";
import { type Session, Sessions } from "./sessions.ts";

/** Plain data for messages between threads. */
export interface Remembered {
  /** Times are milliseconds before now, since each thread has its own monotonic clock. */
  readonly sessions: readonly (Omit<Session, "lastUsed"> & { readonly idleMs: number })[];
  /** Keys of clients that signed in, the latest last. */
  readonly clients: readonly string[];
}

/** Beyond it the client that signed in longest ago is forgotten. */
const MAX_CLIENTS = 1000;

/** The last use of a session is passed on once in this time. */
const REPORT_INTERVAL_MS = MINUTE;

export class PageMemory {
  readonly sessions: Sessions;
  readonly #clients = new LRUCache<string, true>({ max: MAX_CLIENTS });
  readonly #report: (remembered: Remembered) => void;
  readonly #elapsed: () => number;
  #reportedAt = 0;

  /** @param elapsed a monotonic clock in milliseconds. */
  constructor(
    report: (remembered: Remembered) => void,
    elapsed: () => number,
    { sessions, clients }: Remembered = { sessions: [], clients: [] },
  ) {
    this.#report = report;
    this.#elapsed = elapsed;
    const now = elapsed();
    this.sessions = new Sessions(
      sessions.map(({ idleMs, ...session }) => ({ ...session, lastUsed: now - idleMs })),
    );
    for (const client of clients) this.#clients.set(client, true);
  }

  isKnown(client: string): boolean {
    return this.#clients.has(client);
  }

  signedIn(client: string): void {
    this.#clients.set(client, true);
  }

  /** Passes the sessions on, after a change at once. */
  save(isChanged: boolean): void {
    const now = this.#elapsed();
    if (!isChanged && now - this.#reportedAt < REPORT_INTERVAL_MS) return;
    this.#reportedAt = now;
    this.#report({
      sessions: this.sessions.all().map(({ lastUsed, ...session }) => ({
        ...session,
        idleMs: now - lastUsed,
      })),
      clients: [...this.#clients.keys()].reverse(),
    });
  }
}
