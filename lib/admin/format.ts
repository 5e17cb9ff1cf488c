/**
 * How what is stored is shown to people.
 *
 * @module
 */
import { verifiedName } from "../net/hostname.ts";

const UNITS: readonly (readonly [name: string, milliseconds: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
];

/** A duration in its two largest units, such as `2 d 3 h`. */
export function formatDuration(milliseconds: number): string {
  let rest = Math.round(Math.abs(milliseconds) / 1000) * 1000;
  const parts: string[] = [];
  for (const [name, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

/** A sender; `<>` for the null sender. */
export function formatSender(sender: string): string {
  return sender === "" ? "<>" : sender;
}

/** A client by its verified name and its address. */
export function formatClient(
  { clientAddress, clientName }: { readonly clientAddress: string; readonly clientName: string },
): string {
  return verifiedName(clientName) === undefined
    ? clientAddress
    : `${clientName} [${clientAddress}]`;
}

/** How long ago something was. */
export function formatAgo(milliseconds: number): string {
  return `${formatDuration(Math.max(0, milliseconds))} ago`;
}

/** A time as JSON shows it: ISO 8601, or null for none. */
export function dateOf(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}
