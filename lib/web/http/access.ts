/**
 * Authentication: the administrator's password and session, and the tokens of programs.
 *
 * @module
 */
import { hashToken, isPassword, isSame, LONGEST_PASSWORD } from "../../admin/secrets.ts";
import { isLocal } from "../../net/endpoint.ts";
import { DatabaseError } from "../../store/database_error.ts";
import type { Credential } from "../../store/store.ts";
import { SECOND } from "../../text/duration.ts";
import type { StatusService } from "../worker/status_service.ts";
import { limitKey } from "./client_address.ts";
import type { PageMemory } from "./page_memory.ts";
import { RateLimit } from "./rate_limit.ts";
import type { Session } from "./sessions.ts";
import { Throttle } from "./throttle.ts";

export type Visitor =
  | { readonly kind: "anonymous" }
  /** Signed in with the password. */
  | { readonly kind: "administrator"; readonly session: Session }
  /** A program with a token. */
  | { readonly kind: "program"; readonly name: string; readonly mayChange: boolean };

export type SignInResult =
  | { readonly kind: "signed-in"; readonly session: Session }
  | { readonly kind: "wrong-password" }
  | { readonly kind: "throttled"; readonly retryAfterMs: number }
  | { readonly kind: "no-password-set" };

/** An attempt takes a tenth of a second of processor time. */
const MAX_CONCURRENT_ATTEMPTS = 4;

/** Of these, one is for clients that signed in before. */
const MAX_CONCURRENT_STRANGERS = 3;

/**
 * Attempts of all clients together that did not sign in before: guessing from many addresses must not be
 * faster than from one.
 */
const STRANGER_RATE = { burst: 30, intervalMs: 10 * SECOND };

const BUSY_RETRY_MS = SECOND;

export class Access {
  readonly #service: StatusService;
  readonly #memory: PageMemory;
  readonly #throttle = new Throttle();
  readonly #strangers = new RateLimit(STRANGER_RATE);
  readonly #elapsed: () => number;
  #attempts = 0;
  #lastAttempt: Promise<unknown> = Promise.resolve();

  /**
   * @param elapsed a monotonic clock in milliseconds: setting the wall clock must neither lock the
   * administrator out nor reset the throttle.
   */
  constructor(service: StatusService, memory: PageMemory, elapsed: () => number) {
    this.#service = service;
    this.#memory = memory;
    this.#elapsed = elapsed;
  }

  /** Whether reading needs a sign-in or a token. */
  get isPrivate(): boolean {
    const { isPrivate, endpoint } = this.#service.settings;
    return isPrivate || !isLocal(endpoint);
  }

  /**
   * @param cookie the value of the session cookie.
   * @param authorization the `Authorization` header (RFC 6750). While the database fails, no token can
   * be checked, and its program is anonymous.
   */
  visitor(
    cookie: string | undefined,
    authorization: string | undefined,
  ): Visitor | "wrong-token" {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
    if (cookie === undefined && token === undefined) return { kind: "anonymous" };
    let credentials: readonly Credential[];
    try {
      credentials = this.#service.queries.credentials();
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      return { kind: "anonymous" };
    }
    if (token !== undefined) return programOf(hashToken(token), credentials);
    const hash = passwordOf(credentials)?.hash;
    const session = this.#memory.sessions.find(cookie!, hash, this.#elapsed());
    return session === undefined ? { kind: "anonymous" } : { kind: "administrator", session };
  }

  isPasswordSet(): boolean {
    return passwordOf(this.#service.queries.credentials()) !== undefined;
  }

  /** @param address the client's address, for the throttle and the log. */
  async signIn(password: string, address: string): Promise<SignInResult> {
    const [client, now] = [limitKey(address), this.#elapsed()];
    const isKnown = this.#memory.isKnown(client);
    const wait = Math.max(
      this.#throttle.waitFor(client, now),
      isKnown ? 0 : this.#strangers.waitFor("", now),
    );
    if (wait > 0) return { kind: "throttled", retryAfterMs: wait };
    const maxAttempts = isKnown ? MAX_CONCURRENT_ATTEMPTS : MAX_CONCURRENT_STRANGERS;
    if (this.#attempts >= maxAttempts) {
      return { kind: "throttled", retryAfterMs: BUSY_RETRY_MS };
    }
    // Counted before the first await, so that parallel attempts cannot outrun the throttle.
    this.#throttle.failed(client, now);
    if (!isKnown) this.#strangers.use("", now);
    this.#attempts++;
    const attempt = this.#lastAttempt.then(() => this.#check(password, address));
    // One hash at a time: guessing must not take more than one processor.
    this.#lastAttempt = attempt.catch(() => {});
    try {
      return await attempt;
    } finally {
      this.#attempts--;
    }
  }

  signOut(session: Session): void {
    this.#memory.sessions.close(session.id);
    this.#memory.save(true);
  }

  async #check(password: string, address: string): Promise<SignInResult> {
    const { daemon, queries } = this.#service;
    const stored = passwordOf(queries.credentials());
    if (stored === undefined) return { kind: "no-password-set" };
    const isRight = password.length <= LONGEST_PASSWORD &&
      await isPassword(password, stored.hash);
    if (!isRight) {
      daemon.tell({ kind: "sign-in-failed", address });
      return { kind: "wrong-password" };
    }
    const client = limitKey(address);
    this.#throttle.succeeded(client);
    this.#memory.signedIn(client);
    daemon.tell({ kind: "signed-in", address });
    const session = this.#memory.sessions.open(stored.hash, this.#elapsed());
    this.#memory.save(true);
    return { kind: "signed-in", session };
  }
}

function passwordOf(credentials: readonly Credential[]): Credential | undefined {
  return credentials.find(({ kind }) => kind === "password");
}

function programOf(hash: string, credentials: readonly Credential[]): Visitor | "wrong-token" {
  const found = credentials.find((one) => one.kind !== "password" && isSame(one.hash, hash));
  if (found === undefined) return "wrong-token";
  return { kind: "program", name: found.name, mayChange: found.kind === "token" };
}

/** The author of a change, for the log and the entry. */
export function authorOf(visitor: Visitor): string {
  return visitor.kind === "program" ? `api ${visitor.name}` : "status page";
}
