/**
 * The queue of notices: stored, delivered one by one to each target, repeated after a failure.
 *
 * @module
 */
import type { NoticeOutcome } from "../daemon/events.ts";
import type { NoticeStore, QueuedNotice } from "../store/notices.ts";
import { DAY, HOUR } from "../text/duration.ts";
import { messageOf } from "../text/error_message.ts";
import { retryAfter } from "./limits.ts";
import type { Notice } from "./notice.ts";
import { describeTarget, formatTarget, parseTarget, type Target } from "./target.ts";

/** Maximum notices in the queue; the oldest are dropped beyond it. */
const MAX_QUEUED = 500;

/** Maximum notices kept while the database does not work. */
const MAX_IN_MEMORY = 20;

/** Notices that are looked at in one pass. */
const BATCH = 50;

/** Targets that are served at once. */
const MAX_TARGETS = 4;

/** Time after which a notice is given up. */
const LIFETIME = DAY;
/** Mail that was late an hour ago has come, or the recipient looked for it elsewhere. */
const URGENT_LIFETIME = HOUR;

/** Is due never. */
const SENT = Infinity;

/** Numbers begin again in a new database. */
const keyOf = ({ id, created }: QueuedNotice) => `${id} ${created}`;

export type Deliver = (notice: Notice, target: Target) => Promise<void>;

type Stored = Pick<NoticeStore, "add" | "due" | "postpone" | "remove">;

export class Outbox {
  readonly #store: Stored;
  readonly #deliver: Deliver;
  readonly #publish: (event: NoticeOutcome) => void;
  /** Has no number, and is lost with the process. */
  #memory: QueuedNotice[] = [];
  #numbers = -1;
  /**
   * Results that the database did not take, by number and time: of a notice that was sent (due never),
   * or that failed. Otherwise it would be sent again at each pass while the database is read-only.
   */
  readonly #unsaved = new Map<string, Pick<QueuedNotice, "tries" | "due">>();
  #pass: Promise<void> | undefined;

  constructor(store: Stored, deliver: Deliver, publish: (event: NoticeOutcome) => void) {
    this.#store = store;
    this.#deliver = deliver;
    this.#publish = publish;
  }

  /** @param now milliseconds since the epoch. */
  post(notice: Notice, target: Target, now: number): void {
    const added = { target: formatTarget(target), content: JSON.stringify(notice), created: now };
    let dropped = 0;
    try {
      dropped = this.#store.add(added, MAX_QUEUED);
    } catch {
      // A notice about the database must leave without it.
      this.#memory.push({ ...added, id: this.#numbers--, tries: 0, due: now });
      if (this.#memory.length > MAX_IN_MEMORY) {
        this.#memory.shift();
        dropped = 1;
      }
    }
    if (dropped > 0) {
      this.#publish({ kind: "notice-dropped", count: dropped, why: "the queue is full" });
    }
  }

  /** Delivers what is due; one pass at a time. Never rejects. */
  send(now: number): Promise<void> {
    this.#pass ??= this.#send(now).finally(() => this.#pass = undefined);
    return this.#pass;
  }

  async #send(now: number): Promise<void> {
    const due = this.#memory.filter((one) => one.due <= now);
    try {
      for (const queued of this.#store.due(now, BATCH)) {
        const { tries, due: next } = this.#unsaved.get(keyOf(queued)) ?? queued;
        if (next === SENT) this.#settle(queued);
        else if (next <= now) due.push({ ...queued, tries });
      }
    } catch {
      // The store reports its own errors.
    }
    const byTarget = Map.groupBy(due, ({ target }) => target);
    const groups = [...byTarget.values()];
    while (groups.length > 0) {
      await Promise.all(groups.splice(0, MAX_TARGETS).map((group) => this.#sendGroup(group, now)));
    }
  }

  /** A target that fails gets the rest later. */
  async #sendGroup(group: readonly QueuedNotice[], now: number): Promise<void> {
    for (const queued of group) {
      if (!await this.#sendOne(queued, now)) return;
    }
  }

  async #sendOne(queued: QueuedNotice, now: number): Promise<boolean> {
    const target = parseTarget(queued.target);
    const notice = JSON.parse(queued.content) as Notice;
    if (target === undefined) {
      this.#settle(queued);
      return true;
    }
    const where = describeTarget(target);
    const lifetime = notice.kind === "deferred" ? URGENT_LIFETIME : LIFETIME;
    if (now - queued.created >= lifetime) {
      this.#settle(queued);
      const why = `${where} did not accept it in time`;
      this.#publish({ kind: "notice-dropped", count: 1, why });
      return true;
    }
    try {
      await this.#deliver(notice, target);
    } catch (error) {
      this.#postpone(queued, now + retryAfter(queued.tries + 1));
      this.#publish({ kind: "notice-failed", notice: notice.kind, where, why: messageOf(error) });
      return false;
    }
    this.#settle(queued);
    this.#publish({ kind: "notice-sent", notice: notice.kind, where });
    return true;
  }

  #settle(queued: QueuedNotice): void {
    const { id, tries } = queued;
    this.#memory = this.#memory.filter((one) => one.id !== id);
    if (id > 0) this.#save(queued, { tries, due: SENT }, () => this.#store.remove(id));
  }

  #postpone(queued: QueuedNotice, due: number): void {
    const { id } = queued;
    const tries = queued.tries + 1;
    this.#memory = this.#memory.map((one) => one.id === id ? { ...one, tries, due } : one);
    if (id > 0) this.#save(queued, { tries, due }, () => this.#store.postpone(id, due));
  }

  #save(
    queued: QueuedNotice,
    state: Pick<QueuedNotice, "tries" | "due">,
    write: () => void,
  ): void {
    try {
      write();
      this.#unsaved.delete(keyOf(queued));
    } catch {
      // The store reports its own errors.
      if (this.#unsaved.size < MAX_QUEUED) this.#unsaved.set(keyOf(queued), state);
    }
  }
}
