/**
 * Limits of lookups: the time that a request waits for one, and a queue for those in the background.
 *
 * @module
 */
import { SECOND } from "../text/duration.ts";

/** Durations are in milliseconds. */
export interface BackgroundLimits {
  /** Lookups that run at once. */
  readonly running: number;
  /** Lookups that wait for their turn; the oldest is dropped for a new one. */
  readonly queued: number;
  /** Callbacks of one lookup. */
  readonly callbacks: number;
  /** Between two starts while others wait, so that a flood does not keep DNS busy. */
  readonly startPause: number;
  /** Of one lookup. */
  readonly timeout: number;
}

export const BACKGROUND_LIMITS: BackgroundLimits = {
  running: 64,
  queued: 64,
  callbacks: 100,
  startPause: 10,
  timeout: 20 * SECOND,
};

interface Task<T> {
  readonly run: (signal: AbortSignal) => Promise<T>;
  readonly callbacks: ((result: T) => void)[];
}

/** A queue of background lookups; those with the same key run once. */
export class Scheduler<T> {
  readonly #limits: BackgroundLimits;
  readonly #dropped: () => void;
  readonly #running = new Map<string, Task<T> & { readonly controller: AbortController }>();
  /** The oldest first. */
  readonly #queued = new Map<string, Task<T>>();
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** @param dropped is called for each lookup that is dropped from the queue. */
  constructor(dropped: () => void, limits = BACKGROUND_LIMITS) {
    this.#dropped = dropped;
    this.#limits = limits;
  }

  /**
   * @param callback receives the result; it is not called after a failure, a timeout or a drop.
   * @param isUrgent starts it at once: a request waits for it.
   */
  add(
    key: string,
    run: (signal: AbortSignal) => Promise<T>,
    callback: (result: T) => void,
    isUrgent = false,
  ): void {
    const task = this.#running.get(key) ?? this.#queued.get(key);
    if (task !== undefined) {
      // The other recipients of a message need the same result.
      if (task.callbacks.length < this.#limits.callbacks) task.callbacks.push(callback);
      if (isUrgent && this.#queued.delete(key)) this.#start(key, task);
      return;
    }
    if (isUrgent) {
      this.#start(key, { run, callbacks: [callback] });
      return;
    }
    this.#queued.set(key, { run, callbacks: [callback] });
    if (this.#queued.size > this.#limits.queued) {
      const [oldest] = this.#queued.keys();
      this.#queued.delete(oldest!);
      this.#dropped();
    }
    this.#startNext();
  }

  /** Aborts everything. */
  stop(): void {
    clearTimeout(this.#pause);
    this.#queued.clear();
    for (const { controller } of this.#running.values()) controller.abort(new Error("stopping"));
    this.#running.clear();
  }

  #startNext(): void {
    if (this.#pause !== undefined || this.#running.size >= this.#limits.running) return;
    const [first] = this.#queued;
    if (first === undefined) return;
    const [key, task] = first;
    this.#queued.delete(key);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#startNext();
    }, this.#limits.startPause);
    this.#start(key, task);
  }

  #start(key: string, task: Task<T>): void {
    const controller = new AbortController();
    this.#running.set(key, { ...task, controller });
    within(this.#limits.timeout, task.run, controller).then((result) => {
      for (const callback of task.callbacks) callback(result);
    }, () => {
      // No request waits for it.
    }).finally(() => {
      this.#running.delete(key);
      this.#startNext();
    });
  }
}

/** Maximum requests that wait for DNS at once. */
export interface WaitingLimits {
  readonly all: number;
  /** Of those with the same key. */
  readonly perKey: number;
}

/** The requests that wait for DNS. A flood must not hold every connection of Postfix. */
export class Waiting {
  readonly #limits: WaitingLimits;
  readonly #byKey = new Map<string, number>();
  #count = 0;

  constructor(limits: WaitingLimits) {
    this.#limits = limits;
  }

  /**
   * Admits a request.
   *
   * @returns ends its wait; undefined if too many wait already.
   */
  enter(key: string): (() => void) | undefined {
    const ofKey = this.#byKey.get(key) ?? 0;
    if (this.#count >= this.#limits.all || ofKey >= this.#limits.perKey) return undefined;
    this.#count++;
    this.#byKey.set(key, ofKey + 1);
    return () => {
      this.#count--;
      const left = this.#byKey.get(key)! - 1;
      if (left === 0) this.#byKey.delete(key);
      else this.#byKey.set(key, left);
    };
  }
}

/** Runs a body with a signal that aborts after a time limit in milliseconds. */
export async function within<T>(
  limit: number,
  body: (signal: AbortSignal) => Promise<T>,
  controller = new AbortController(),
): Promise<T> {
  const timer = setTimeout(
    () => controller.abort(new Error(`no answer within ${limit} ms`)),
    limit,
  );
  try {
    return await body(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
