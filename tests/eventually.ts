/** @param time milliseconds. */
export const pause = (time: number) => new Promise<void>((resolve) => setTimeout(resolve, time));

/** Both in milliseconds. */
export interface EventuallyOptions {
  /** Generous by default, for a machine that is busy with something else. */
  readonly timeout?: number;
  readonly period?: number;
}

/**
 * Repeats a check until it holds.
 *
 * @param state the last state, for the error.
 * @throws {Error} if the check does not hold within the timeout.
 */
export async function eventually(
  description: string,
  check: () => boolean | Promise<boolean>,
  { timeout = 30_000, period = 25 }: EventuallyOptions = {},
  state: () => string | Promise<string> = () => "",
): Promise<void> {
  const end = performance.now() + timeout;
  while (!await check()) {
    if (performance.now() > end) {
      throw new Error(`not within ${timeout} ms: ${description}\n${await state()}`);
    }
    await pause(period);
  }
}
