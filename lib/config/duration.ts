/**
 * Durations as people write them: `90s`, `3m`, `2h30m`, `2d`.
 *
 * @module
 */

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * Reads a duration: whole numbers, each with its unit (`ms`, `s`, `m`, `h`, `d`, `w`).
 *
 * @returns milliseconds, or undefined if the text is no duration.
 */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d{1,9}(?:ms|[smhdw]))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g)) {
    sum += Number(count) * UNITS[unit!]!;
  }
  return sum;
}
