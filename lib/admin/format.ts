import { verifiedName } from "../net/hostname.ts";
import type { StoredEntry } from "../store/store.ts";
import { formatDuration, SECOND } from "../text/duration.ts";

export function formatSender(sender: string): string {
  return sender === "" ? "<>" : sender;
}

export function formatClient(
  { clientAddress, clientName }: { readonly clientAddress: string; readonly clientName: string },
): string {
  return verifiedName(clientName) === undefined
    ? clientAddress
    : `${clientName} [${clientAddress}]`;
}

export function formatAgo(milliseconds: number): string {
  return milliseconds < SECOND ? "now" : `${formatDuration(milliseconds)} ago`;
}

/** To one decimal. */
export function round(amount: number): number {
  return Math.round(amount * 10) / 10;
}

/** ISO 8601, or null for undefined. */
export function dateOf(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}

/** An entry in a few words, for the log and the status page. */
export function formatEntry(
  { id, list, matchOn, pattern }: Pick<StoredEntry, "id" | "list" | "matchOn" | "pattern">,
): string {
  if (list !== "release") return `entry ${id}: ${list} ${matchOn} ${pattern}`;
  const [sender, ...recipient] = pattern.split(" ");
  return `entry ${id}: release ${formatSender(sender!)} to ${recipient.join(" ")}`;
}
