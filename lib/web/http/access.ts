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
import { type Session, Sessions } from "./sessions.ts";
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

const BUSY_RETRY_MS = SECOND;

export class Access {
  readonly #service: StatusService;
  readonly #sessions = new Sessions();
  readonly #throttle = new Throttle();
  readonly #elapsed: () => number;
  #attempts = 0;
  #lastAttempt: Promise<unknown> = Promise.resolve();

  /**
   * @param elapsed a monotonic clock in milliseconds: setting the wall clock must neither lock the
   * administrator out nor reset the throttle.
   */
  constructor(service: StatusService, elapsed: () => number) {
    this.#service = service;
    this.#elapsed = elapsed;
  }

  /** Whether reading needs a sign-in or a token. */
  get isPrivate(): boolean {
    const { isPrivate, endpoint } = this.#service.settings;
    return isPrivate || !isLocal(endpoint);
  }

  /**
   * @param cookie the value of the session cookie.
   * @param authorization the `Authorization` header (RFC 6750).
   */
  visitor(cookie: string | undefined, authorization: string | undefined): Visitor {
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
    const session = this.#sessions.find(cookie!, passwordOf(credentials)?.hash, this.#elapsed());
    return session === undefined ? { kind: "anonymous" } : { kind: "administrator", session };
  }

  isPasswordSet(): boolean {
    return passwordOf(this.#service.queries.credentials()) !== undefined;
  }

  /** @param address the client's address, for the throttle and the log. */
  async signIn(password: string, address: string): Promise<SignInResult> {
    const wait = this.#throttle.waitFor(address, this.#elapsed());
    if (wait > 0) return { kind: "throttled", retryAfterMs: wait };
    if (this.#attempts >= MAX_CONCURRENT_ATTEMPTS) {
      return { kind: "throttled", retryAfterMs: BUSY_RETRY_MS };
    }
    // Counted before the first await, so that parallel attempts cannot outrun the throttle.
    this.#throttle.failed(address, this.#elapsed());
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
    this.#sessions.close(session.id);
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
    this.#throttle.succeeded(address);
    daemon.tell({ kind: "signed-in", address });
    return { kind: "signed-in", session: this.#sessions.open(stored.hash, this.#elapsed()) };
  }
}

function passwordOf(credentials: readonly Credential[]): Credential | undefined {
  return credentials.find(({ kind }) => kind === "password");
}

function programOf(hash: string, credentials: readonly Credential[]): Visitor {
  const found = credentials.find((one) => one.kind !== "password" && isSame(one.hash, hash));
  if (found === undefined) return { kind: "anonymous" };
  return { kind: "program", name: found.name, mayChange: found.kind === "token" };
}

/** The author of a change, for the log and the entry. */
export function authorOf(visitor: Visitor): string {
  return visitor.kind === "program" ? `api ${visitor.name}` : "status page";
}
