/**
 * Times and amounts on a page. A script puts times into the reader's zone; without it they are in UTC.
 *
 * @module
 */
import type { Html } from "./html.ts";
import { formatDuration } from "../../text/duration.ts";

function relative(milliseconds: number): string {
  if (Math.abs(milliseconds) < 1000) return "now";
  const amount = formatDuration(milliseconds);
  return milliseconds < 0 ? `in ${amount}` : `${amount} ago`;
}

function utc(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** How long ago something was, or in how long it will be; the exact time on hover. */
export function Ago({ at, now }: { at: number; now: number }): Html {
  return (
    <time datetime={new Date(at).toISOString()} title={utc(at)} data-relative>
      {relative(now - at)}
    </time>
  );
}

/** An exact time. */
export function At({ at }: { at: number }): Html {
  return <time datetime={new Date(at).toISOString()} data-exact>{utc(at)}</time>;
}

/** A whole number with its thousands apart. */
export function count(amount: number): string {
  return Math.round(amount).toLocaleString("en").replaceAll(",", "\u202f");
}

/** An amount of bytes in a unit that fits. */
export function bytes(amount: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  let rest = amount;
  while (rest >= 1000 && at < units.length - 1) {
    rest /= 1000;
    at++;
  }
  return `${at === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${units[at]}`;
}
