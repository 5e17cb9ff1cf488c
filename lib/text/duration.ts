export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const WEEK = 7 * DAY;

const UNITS: Readonly<Record<string, number>> = {
  w: WEEK,
  d: DAY,
  h: HOUR,
  m: MINUTE,
  s: SECOND,
  ms: 1,
};

const FORMAT_UNITS = ["d", "h", "m", "s"];

/** The texts that {@linkcode parseDuration} takes. */
export const DURATION = /^\d{1,9}(?:ms|[smhdw])(?: ?\d{1,9}(?:ms|[smhdw]))*$/;

/**
 * Parses whole numbers, each with its unit (`ms`, `s`, `m`, `h`, `d`, `w`): `50s`, `1h 30m`, `1h30m`.
 *
 * @returns milliseconds, or undefined if the text is not a duration.
 */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g)) {
    sum += Number(count) * UNITS[unit!]!;
  }
  return sum;
}

/**
 * Formats the amount of a duration in its two largest units: `2d 3h`, `50s`, `1h`. Smaller units are
 * left out; less than a second is in milliseconds.
 */
export function formatDuration(milliseconds: number): string {
  const whole = Math.round(Math.abs(milliseconds));
  if (whole === 0) return "0s";
  if (whole < SECOND) return `${whole}ms`;
  let rest = Math.round(whole / SECOND) * SECOND;
  const parts: string[] = [];
  for (const unit of FORMAT_UNITS) {
    const count = Math.floor(rest / UNITS[unit]!);
    rest %= UNITS[unit]!;
    if (count > 0) parts.push(`${count}${unit}`);
    if (parts.length === 2 || (count === 0 && parts.length > 0)) break;
  }
  return parts.join(" ");
}
