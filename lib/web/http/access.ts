/**
 * Who asks the status page, and what that somebody may do.
 *
 * @module
 */
import { isLocal } from "../../net/endpoint.ts";
import { hashToken, isPassword, isSame, LONGEST_PASSWORD } from "../../admin/secrets.ts";
import { DatabaseError } from "../../store/database_error.ts";
import type { Credential } from "../../store/store.ts";
import type { StatusService } from "../worker/status_service.ts";
import { type Session, Sessions } from "./sessions.ts";
import { Throttle } from "./throttle.ts";

/** Somebody who asks. */
export type Visitor =
  | { readonly kind: "nobody" }
  /** The administrator, signed in with the password. */
  | { readonly kind: "administrator"; readonly session: Session }
  /** A program with a token. */
  | { readonly kind: "program"; readonly name: string; readonly mayChange: boolean };

/** What came of a try to sign in. */
export type SignIn =
  | { readonly kind: "signed-in"; readonly session: Session }
  | { readonly kind: "wrong" }
  /** Too many wrong passwords, or too many at once: try again after so many milliseconds. */
  | { readonly kind: "wait"; readonly wait: number }
  /** There is no password yet. */
  | { readonly kind: "none" };

/** Each try costs a tenth of a second of a processor: more than so many do not wait in line. */
const MAX_TRIES_AT_ONCE = 4;

const BUSY_WAIT = 1000;

/** Knows who is who. */
export class Access {
  readonly #desk: StatusService;
  readonly #sessions = new Sessions();
  readonly #throttle = new Throttle();
  readonly #elapsed: () => number;
  #trying = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * Access to a desk.
   *
   * @param elapsed tells milliseconds and never jumps: a clock that is set back must keep nobody out, and
   * one that is set forward must let nobody guess.
   */
  constructor(desk: StatusService, elapsed: () => number = () => performance.now()) {
    this.#desk = desk;
    this.#elapsed = elapsed;
  }

  /** Whether reading takes a sign-in or a token. */
  get isPrivate(): boolean {
    const { isPrivate, endpoint } = this.#desk.settings;
    return isPrivate || !isLocal(endpoint);
  }

  /**
   * Who asks.
   *
   * @param cookie the session's cookie, if there is one.
   * @param authorization the `Authorization` header (RFC 6750), if there is one.
   */
  async visitor(cookie: string | undefined, authorization: string | undefined): Promise<Visitor> {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
    if (cookie === undefined && token === undefined) return { kind: "nobody" };
    let credentials: readonly Credential[];
    try {
      credentials = await this.#desk.credentials();
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      return { kind: "nobody" };
    }
    if (token !== undefined) return programOf(hashToken(token), credentials);
    const session = this.#sessions.find(cookie!, passwordOf(credentials)?.hash, this.#elapsed());
    return session === undefined ? { kind: "nobody" } : { kind: "administrator", session };
  }

  /** Whether there is a password that one could sign in with. */
  async hasPassword(): Promise<boolean> {
    return passwordOf(await this.#desk.credentials()) !== undefined;
  }

  /**
   * Tries a password.
   *
   * @param address where the try comes from.
   */
  async signIn(password: string, address: string): Promise<SignIn> {
    const wait = this.#throttle.waitFor(address, this.#elapsed());
    if (wait > 0) return { kind: "wait", wait };
    if (this.#trying >= MAX_TRIES_AT_ONCE) return { kind: "wait", wait: BUSY_WAIT };
    // Counted before anything is waited for, so that tries made at once cannot outrun the count.
    this.#throttle.failed(address, this.#elapsed());
    this.#trying++;
    const mine = this.#turn.then(() => this.#try(password, address));
    // One password at a time: guessing must not take more than one processor's work.
    this.#turn = mine.catch(() => {});
    try {
      return await mine;
    } finally {
      this.#trying--;
    }
  }

  /** Ends a session. */
  signOut(session: Session): void {
    this.#sessions.close(session.id);
  }

  async #try(password: string, address: string): Promise<SignIn> {
    const { daemon } = this.#desk;
    const stored = passwordOf(await this.#desk.credentials());
    if (stored === undefined) return { kind: "none" };
    const isRight = password.length <= LONGEST_PASSWORD &&
      await isPassword(password, stored.hash);
    if (!isRight) {
      daemon.tell({ kind: "sign-in-failed", address });
      return { kind: "wrong" };
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
  if (found === undefined) return { kind: "nobody" };
  return { kind: "program", name: found.name, mayChange: found.kind === "token" };
}

/** Under which name a visitor changes things. */
export function nameOf(visitor: Visitor): string {
  return visitor.kind === "program" ? `api ${visitor.name}` : "status page";
}
