/**
 * Times and numbers. A script converts times to the reader's zone; without it they are in UTC.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import { formatAgo } from "../../admin/format.ts";
import { formatDuration, SECOND } from "../../text/duration.ts";

function relative(milliseconds: number): string {
  return milliseconds <= -SECOND ? `in ${formatDuration(milliseconds)}` : formatAgo(milliseconds);
}

function utc(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** A time relative to now, past or future; the title has the exact time. */
export function Ago({ at, now }: { at: number; now: number }): JSX.Element {
  return (
    <time datetime={new Date(at).toISOString()} title={utc(at)} data-relative>
      {relative(now - at)}
    </time>
  );
}

/** An exact time. */
export function At({ at }: { at: number }): JSX.Element {
  return <time datetime={new Date(at).toISOString()} data-exact>{utc(at)}</time>;
}

/** Formats a number, rounded, with narrow spaces between thousands. */
export function count(amount: number): string {
  return Math.round(amount).toLocaleString("en").replaceAll(",", "\u202f");
}

/** Formats an amount of bytes in decimal units. */
export function bytes(amount: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let rest = amount;
  while (rest >= 1000 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${unit === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${units[unit]}`;
}
