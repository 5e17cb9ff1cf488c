import { SECOND } from "../text/duration.ts";

const FIRST = SECOND / 2;

/** Short: a host that is reachable again must catch up within seconds. */
const LONGEST = 2 * SECOND;

/** Milliseconds to wait after a number of failures in a row, up to a half more at random. */
export function backOff(failures: number, random: () => number = Math.random): number {
  const base = Math.min(LONGEST, FIRST * 2 ** Math.max(0, failures - 1));
  return base * (1 + random() / 2);
}
