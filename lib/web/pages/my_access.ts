/**
 * Links of recipients: opens them, limits their use, and marks them as used.
 *
 * @module
 */
import { type Link, openLink, type Purpose, sealLink } from "../../notify/link.ts";
import { readSecrets, SecretError } from "../../notify/secret_file.ts";
import type { RecipientPages, Right } from "../../notify/settings.ts";
import type { Texts } from "../../notify/texts/texts.ts";
import { type User, Users } from "../../notify/user.ts";
import { DAY, HOUR, SECOND } from "../../text/duration.ts";
import { limitKey } from "../http/client_address.ts";
import { RateLimit } from "../http/rate_limit.ts";
import type { StatusService } from "../worker/status_service.ts";

/** Why a link or a form is refused, as the recipient reads it. */
export type Refusal = keyof Texts["refused"];

export class RefusedLinkError extends Error {
  constructor(readonly why: Refusal) {
    super(why);
    this.name = "RefusedLinkError";
  }
}

/** A genuine link of a user. */
export interface OpenedLink {
  readonly link: Link;
  readonly tag: string;
  readonly user: User;
}

/** Requests of one visitor, and those of all with genuine links. */
const VISITOR_RATE = { burst: 40, intervalMs: 2 * SECOND };
const TOTAL_RATE = { burst: 200, intervalMs: SECOND / 10 };

/** Links of one visitor that are not genuine: guessing is hopeless, and fills the log. */
const INVALID_RATE = { burst: 10, intervalMs: 10 * SECOND };

/** Lines in the log about such links of all visitors. */
const LOGGED_RATE = { burst: 60, intervalMs: 10 * SECOND };

/** Changes of one recipient, from any visitor, and times that mail is expected. */
const CHANGE_RATE = { burst: 30, intervalMs: 2 * 60 * SECOND };
const EXPECT_RATE = { burst: 4, intervalMs: HOUR };

/** A device stays signed in for this time. */
export const DEVICE_LIFETIME = 180 * DAY;

/** A page that was reached by another link works for this time. */
const PAGE_LIFETIME = DAY;

export class MyAccess {
  readonly #service: StatusService;
  readonly #elapsed: () => number;
  readonly #perVisitor = new RateLimit(VISITOR_RATE);
  readonly #total = new RateLimit(TOTAL_RATE);
  readonly #invalid = new RateLimit(INVALID_RATE);
  readonly #logged = new RateLimit(LOGGED_RATE);
  readonly #changes = new RateLimit(CHANGE_RATE);
  readonly #expectations = new RateLimit(EXPECT_RATE);
  #users = new Users([], "");
  #pages: RecipientPages | undefined;

  /** @param elapsed a monotonic clock in milliseconds. */
  constructor(service: StatusService, elapsed: () => number) {
    this.#service = service;
    this.#elapsed = elapsed;
  }

  /**
   * Opens a link.
   *
   * @param address the visitor's.
   * @throws {RefusedLinkError}
   */
  open(token: string, address: string): OpenedLink {
    const [key, now] = [limitKey(address), this.#elapsed()];
    const wait = Math.max(this.#perVisitor.waitFor(key, now), this.#invalid.waitFor(key, now));
    if (wait > 0) throw new RefusedLinkError("throttled");
    this.#perVisitor.use(key, now);
    const opened = openLink(token, this.#secret(), this.#service.now);
    if (!opened.ok) {
      this.#invalid.use(key, now);
      if (this.#logged.waitFor("", now) === 0) {
        this.#logged.use("", now);
        this.#service.daemon.tell({ kind: "link-refused", address, why: opened.why });
      }
      throw new RefusedLinkError(opened.why);
    }
    // Guesses from many addresses must not lock recipients out.
    if (this.#total.waitFor("", now) > 0) throw new RefusedLinkError("throttled");
    this.#total.use("", now);
    const user = this.#userOf(opened.link.recipient);
    if (user === undefined) throw new RefusedLinkError("forbidden");
    return { link: opened.link, tag: opened.tag, user };
  }

  /** @throws {RefusedLinkError} if the administrator turned it off. */
  requireRight(right: Right): void {
    if (!this.#service.settings.recipients.rights.includes(right)) {
      throw new RefusedLinkError("forbidden");
    }
  }

  /** Counts a change of a recipient. */
  countChange(recipient: string, kind: "any" | "expect"): void {
    const limit = kind === "any" ? this.#changes : this.#expectations;
    const now = this.#elapsed();
    if (limit.waitFor(recipient, now) > 0) throw new RefusedLinkError("throttled");
    limit.use(recipient, now);
  }

  /** A link to the recipient's page, or for a device. */
  linkFor(recipient: string, purpose: Extract<Purpose, "page" | "device">): string {
    const lifetime = purpose === "page" ? PAGE_LIFETIME : DEVICE_LIFETIME;
    const expires = this.#service.now + lifetime;
    return sealLink({ purpose, recipient, deferral: 0, since: 0, expires }, this.#secret());
  }

  #secret(): Uint8Array {
    try {
      return readSecrets(this.#service.settings.store.database).links;
    } catch (error) {
      // Without the file no link was ever sent.
      if (error instanceof SecretError) throw new RefusedLinkError("invalid");
      throw error;
    }
  }

  #userOf(recipient: string): User | undefined {
    const { recipients, rules } = this.#service.settings;
    if (this.#pages !== recipients) {
      this.#pages = recipients;
      this.#users = new Users(recipients.users, rules.recipientDelimiter);
    }
    return this.#users.find(recipient);
  }
}
