/**
 * Notices: subscribes to the daemon's events, decides what to tell, and sends it. Nothing here delays
 * a request of Postfix, and no failure reaches it.
 *
 * @module
 */
import type { DaemonEvent, NotifyEvent } from "../daemon/events.ts";
import { reportBug } from "../daemon/events.ts";
import type { DnsHealth } from "../dns/resolver.ts";
import type { Store } from "../store/store.ts";
import { DAY, MINUTE, SECOND } from "../text/duration.ts";
import { AdminWatch } from "./admin_watch.ts";
import { deliver } from "./deliver.ts";
import { CANDIDATE_FLOOD } from "./limits.ts";
import { type Deliver, Outbox } from "./outbox.ts";
import { RecipientWatch } from "./recipient_watch.ts";
import { ensureSecrets, type Secrets } from "./secret_file.ts";
import type { NotifySettings } from "./settings.ts";
import { NoticeTimes } from "./times.ts";
import { Users } from "./user.ts";
import { readUsers } from "./user_files.ts";

/** The daemon as the notices see it. */
export interface NotifyContext {
  readonly store: Pick<Store, "history" | "notices">;
  readonly dns: () => DnsHealth;
  readonly publish: (event: NotifyEvent) => void;
  /** The time of requests, in milliseconds since the epoch. */
  readonly now: () => number;
}

const TICK = SECOND;

/** Late mail, digests and the health of the system are looked at this often. */
const CHECK_PERIOD = MINUTE;

/** Times and used links are kept for this long. */
const KEPT = 60 * DAY;

export class NotifyService {
  readonly #context: NotifyContext;
  readonly #outbox: Outbox;
  readonly #recipients: RecipientWatch;
  readonly #administrators: AdminWatch;
  #settings: NotifySettings;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #nextCheck = 0;

  /** @param send delivers a notice; a test replaces it. */
  constructor(settings: NotifySettings, context: NotifyContext, send?: Deliver) {
    this.#settings = settings;
    this.#context = context;
    const { store, publish } = context;
    const times = new NoticeTimes(store.notices);
    this.#outbox = new Outbox(
      store.notices,
      send ??
        ((notice, target) =>
          deliver(notice, target, this.#settings, () => this.#secrets(), Date.now())),
      publish,
    );
    this.#recipients = new RecipientWatch(this.#users(), {
      history: store.history,
      times,
      post: (notice, target) => this.#outbox.post(notice, target, context.now()),
      retryWindow: settings.retryWindow,
      started: context.now(),
    });
    this.#administrators = new AdminWatch(settings, {
      history: store.history,
      times,
      dns: context.dns,
      post: (notice) => {
        for (const target of this.#settings.targets) {
          this.#outbox.post(notice, target, context.now());
        }
      },
    }, context.now());
  }

  configure(settings: NotifySettings): void {
    this.#settings = settings;
    this.#recipients.configure(this.#users(), settings.retryWindow);
    this.#administrators.configure(settings);
  }

  /** A subscriber of the daemon's events. */
  handle(event: DaemonEvent): void {
    const now = this.#context.now();
    if (event.kind === "decision" && event.verdict.decision === "defer") {
      if (event.verdict.reason === "new") this.#recipients.take(event, now);
      if (this.#recipients.isFlooded(now)) {
        this.#administrators.tellFlood(now, CANDIDATE_FLOOD.count);
      }
    }
    this.#administrators.handle(event, now);
  }

  start(): void {
    try {
      this.#secrets();
    } catch {
      // Each notice that needs them fails and says so.
    }
    this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    this.#timer = setTimeout(async () => {
      await this.tick();
      if (this.#timer !== undefined) this.#schedule();
    }, TICK);
  }

  /** Posts and sends what is due. Never rejects. */
  async tick(): Promise<void> {
    const now = this.#context.now();
    try {
      this.#recipients.sendDue(now);
      if (Math.abs(now - this.#nextCheck) > CHECK_PERIOD || now >= this.#nextCheck) {
        this.#nextCheck = now + CHECK_PERIOD;
        this.#administrators.check(now);
        this.#recipients.findLate(now);
        this.#recipients.sendDigests(now);
        this.#context.store.notices.removeOld(now - KEPT);
      }
    } catch (error) {
      reportBug(error, this.#context.publish);
    }
    await this.#outbox.send(now);
  }

  #secrets(): Secrets {
    return ensureSecrets(this.#settings.database);
  }

  #users(): Users {
    const users = readUsers(this.#settings, (text) => {
      this.#context.publish({ kind: "warning", text });
    });
    return new Users(users, this.#settings.recipientDelimiter);
  }
}
