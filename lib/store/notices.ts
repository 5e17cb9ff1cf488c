/**
 * The queue of notices, what recipients got last, and the links that were used. Times are milliseconds
 * since the epoch.
 *
 * @module
 */

export interface NewNotice {
  /** As in the settings, such as `mail:ann@example.net`. */
  readonly target: string;
  /** JSON of the notice. */
  readonly content: string;
  readonly created: number;
}

/** A notice that was not sent yet. */
export interface QueuedNotice extends NewNotice {
  readonly id: number;
  /** Failed tries. */
  readonly tries: number;
  /** Time of the next try. */
  readonly due: number;
}

/** When a subject, such as a recipient or a cause, last had a notice of one kind. */
export interface NoticeTime {
  /** Such as `digest ann@example.net`. */
  readonly subject: string;
  readonly time: number;
}

export interface NoticeStore {
  /**
   * Adds a notice, due at once.
   *
   * @param max length of the queue; the oldest notices are removed beyond it.
   * @returns number of removed notices.
   */
  add(notice: NewNotice, max: number): number;

  /** The notices that are due, the oldest first. */
  due(now: number, limit: number): readonly QueuedNotice[];

  /** Number of notices in the queue, and the time of the oldest; undefined if it is empty. */
  backlog(): { readonly count: number; readonly oldest: number } | undefined;

  /** Postpones a notice after a failed try. */
  postpone(id: number, due: number): void;

  /** Removes a notice that was sent or given up. */
  remove(id: number): void;

  /** Undefined for never. */
  lastTime(subject: string): number | undefined;

  setTime(subject: string, time: number): void;

  /** Removes times before this one, and used links that expired before it. */
  removeOld(before: number): void;

  /**
   * Marks a link as used.
   *
   * @param expires time after which it needs no mark.
   * @returns false if it was used before.
   */
  useLink(tag: string, expires: number): boolean;

  isUsed(tag: string): boolean;
}
