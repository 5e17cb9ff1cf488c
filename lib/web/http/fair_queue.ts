/**
 * One task at a time, with a rest after each as long as the task took, so that the status page takes
 * at most half a processor from the mail.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";

/** One slow search must not block the page for as long again. */
const MAX_REST_MS = 100;

export class FairQueue {
  readonly #maxRestMs: number;
  #last: Promise<void> = Promise.resolve();

  constructor(maxRestMs = MAX_REST_MS) {
    this.#maxRestMs = maxRestMs;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    const begin = performance.now();
    try {
      return await task();
    } finally {
      setTimeout(resolve, Math.min(this.#maxRestMs, performance.now() - begin));
    }
  }
}

/** Queues all requests except those of public paths. */
export function queueRequests(isPublic: (path: string) => boolean): MiddlewareHandler {
  const queue = new FairQueue();
  return async (context, next) => {
    if (isPublic(context.req.path)) await next();
    else await queue.run(next);
  };
}
