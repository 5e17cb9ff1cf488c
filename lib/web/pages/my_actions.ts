/**
 * The changes of a recipient: entries for mail to that recipient only.
 *
 * @module
 */
import { releasePattern } from "../../admin/list_entries.ts";
import { formatBoundPair } from "../../lists/pattern.ts";
import { originOf, reportedOrigin } from "../../notify/binding.ts";
import { fullSecond } from "../../notify/link.ts";
import type { MessageAction } from "../../notify/settings.ts";
import type { Deferral } from "../../store/history.ts";
import type { NewEntry, StoredEntry } from "../../store/store.ts";
import { DAY } from "../../text/duration.ts";
import { RefusedError } from "../worker/status_queries.ts";
import type { StatusService } from "../worker/status_service.ts";
import { RefusedLinkError } from "./my_access.ts";

/** Maximum entries of one recipient. */
const MAX_ENTRIES = 100;

/** An address is assigned to somebody else some day. */
const ADDRESS_BLOCKED = 30 * DAY;

/** The author of a recipient's entries, which only this recipient can remove. */
export function authorOf(recipient: string): string {
  return `recipient ${recipient}`;
}

/** Entries of one query. */
const BATCH = 500;

/**
 * The entries in force with an address in their pattern or note, the newest first. Those of other
 * recipients are among them: `ann@…` is part of `joann@…`.
 */
function* entriesAbout(
  service: StatusService,
  recipient: string,
  list?: StoredEntry["list"],
): Generator<StoredEntry> {
  let after: string | undefined;
  do {
    const { rows, next } = service.queries.entries({ text: recipient, list, limit: BATCH, after });
    for (const entry of rows) {
      if (entry.expires === undefined || entry.expires > service.now) yield entry;
    }
    after = next;
  } while (after !== undefined);
}

/** The recipient's own entries, the newest first. */
export function entriesOf(service: StatusService, recipient: string): readonly StoredEntry[] {
  const author = authorOf(recipient);
  return [...entriesAbout(service, recipient).filter(({ addedBy }) => addedBy === author)];
}

/**
 * @param since time of the first attempt, in full seconds; absent for any.
 * @throws {RefusedLinkError} if there is no such deferral of the recipient.
 */
export function deferralOf(
  service: StatusService,
  id: number,
  recipient: string,
  since?: number,
): Deferral {
  let deferral: Deferral;
  try {
    deferral = service.queries.deferral(id);
  } catch (error) {
    if (error instanceof RefusedError) throw new RefusedLinkError("gone");
    throw error;
  }
  const { rows } = service.queries.deferred({
    text: "",
    mailbox: recipient,
    limit: 1,
    after: String(id + 1),
  });
  const isSame = since === undefined || fullSecond(deferral.firstSeen) === since;
  if (rows[0]?.id !== id || !isSame) throw new RefusedLinkError("gone");
  return deferral;
}

/** The entry of an action on a message. */
function entryFor(
  service: StatusService,
  action: MessageAction,
  deferral: Deferral,
  recipient: string,
): NewEntry {
  const { now, settings } = service;
  const { rules } = settings;
  const pair = releasePattern(deferral, rules.recipientDelimiter);
  const made = { note: "", addedBy: authorOf(recipient), created: now };
  if (action === "release") {
    // What was accepted or rejected meanwhile cannot be let in.
    if (deferral.ended !== undefined) throw new RefusedLinkError("gone");
    const expires = now + rules.retryWindow;
    return { list: "release", matchOn: "pair", pattern: pair, ...made, expires };
  }
  const origin = action === "allow" ? originOf(deferral) : reportedOrigin(deferral);
  if (origin === undefined) throw new RefusedLinkError("gone");
  return {
    list: action === "allow" ? "allow" : "block",
    matchOn: "pair",
    pattern: formatBoundPair({ pair, origin }),
    ...made,
    ...(origin.startsWith("ip:") ? { expires: now + ADDRESS_BLOCKED } : {}),
  };
}

/**
 * Acts on a message.
 *
 * @param beforeChange is called when nothing can refuse the action any more.
 * @throws {RefusedLinkError}
 */
export function actOnMessage(
  service: StatusService,
  action: MessageAction,
  deferral: Deferral,
  recipient: string,
  beforeChange: () => void,
): void {
  const entry = entryFor(service, action, deferral, recipient);
  const own = entriesOf(service, recipient);
  if (own.length >= MAX_ENTRIES) throw new RefusedLinkError("limit");
  beforeChange();
  // The later word about the same sender and origin counts.
  const opposite = own.filter(({ list, matchOn, pattern }) =>
    action !== "release" && list !== entry.list && matchOn === "pair" && pattern === entry.pattern
  );
  for (const { id } of opposite) service.commands.remove(id, entry.addedBy);
  service.commands.restore(entry, entry.addedBy);
}

/** The exemption of a recipient from greylisting. */
export interface Exemption {
  /** Undefined for an exemption without end. */
  readonly until?: number | undefined;
  /** The recipient's own entry, which the recipient can remove. */
  readonly entry?: StoredEntry | undefined;
}

/** @returns undefined for a recipient with greylisting. */
export function exemptionOf(service: StatusService, recipient: string): Exemption | undefined {
  const found = entriesAbout(service, recipient, "opt-out")
    .find(({ pattern }) => pattern === recipient);
  if (found === undefined) return undefined;
  const isOwn = found.addedBy === authorOf(recipient);
  return { until: found.expires, entry: isOwn ? found : undefined };
}

/** Exempts the recipient from greylisting, for a while or without end. */
export function exempt(
  service: StatusService,
  recipient: string,
  lifetime: number | undefined,
): void {
  const { now } = service;
  const before = exemptionOf(service, recipient);
  // An exemption by the administrator stays; one without end is not shortened.
  if (before !== undefined && (before.entry === undefined || before.until === undefined)) return;
  service.commands.restore({
    list: "opt-out",
    matchOn: "recipient",
    pattern: recipient,
    note: lifetime === undefined ? "greylisting turned off" : "expecting mail",
    addedBy: authorOf(recipient),
    created: now,
    ...(lifetime === undefined ? {} : { expires: now + lifetime }),
  }, authorOf(recipient));
}

/** Removes an entry that the recipient made. */
export function removeOwn(service: StatusService, recipient: string, id: number): void {
  if (!entriesOf(service, recipient).some((entry) => entry.id === id)) {
    throw new RefusedLinkError("gone");
  }
  service.commands.remove(id, authorOf(recipient));
}
