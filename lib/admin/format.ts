/**
 * How what is stored is shown to people.
 *
 * @module
 */
import { verifiedName } from "../net/hostname.ts";
import type { StoredEntry } from "../store/store.ts";
import { formatDuration, SECOND } from "../text/duration.ts";

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
  return milliseconds < SECOND ? "now" : `${formatDuration(milliseconds)} ago`;
}

/** A time as JSON shows it: ISO 8601, or null for none. */
export function dateOf(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}

/** An entry in a few words, for the log and for notices. */
export function formatEntry(
  { id, list, matchOn, pattern }: Pick<StoredEntry, "id" | "list" | "matchOn" | "pattern">,
): string {
  if (list !== "release") return `entry ${id}: ${list} ${matchOn} ${pattern}`;
  const [sender, ...recipient] = pattern.split(" ");
  return `entry ${id}: release ${formatSender(sender!)} to ${recipient.join(" ")}`;
}
