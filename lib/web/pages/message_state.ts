/**
 * The state of a sender's own message. Answers concern delayed messages only, and only those for which
 * sender, recipient and time are given, so that nobody can list recipients with them.
 *
 * @module
 */
import { type Deferral, deferralState } from "../../store/history.ts";
import { DatabaseError } from "../../store/database_error.ts";
import { LOST_AFTER } from "../../admin/queries.ts";
import { DAY, MINUTE } from "../../text/duration.ts";
import type { StatusService } from "../worker/status_service.ts";

export interface MessageQuestion {
  readonly sender: string;
  readonly recipient: string;
  /** Local date and time of a form: `2026-11-26T10:37`. */
  readonly time: string;
  /** Offset from UTC: `+01:00`. */
  readonly zone: string;
}

/** `duration` in milliseconds: until a retry is accepted, of the delay, or until the next question. */
export interface MessageState {
  readonly kind:
    | "waiting"
    | "due"
    | "delivered"
    | "abandoned"
    | "rejected"
    | "unknown"
    | "invalid"
    | "throttled"
    | "unavailable";
  readonly duration?: number;
}

/** Accepted difference between the given time and the attempts of a message. */
const TOLERANCE_MS = 15 * MINUTE;

const OLDEST_MS = 30 * DAY;

const MAX_ADDRESS = 320;

/** The messages of one sender to one recipient that are compared. */
const MAX_MESSAGES = 50;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?$/;
const ZONE = /^[+-]\d\d:\d\d$/;

const isAddress = (text: string) => text.length <= MAX_ADDRESS && /^[^@\s]+@[^@\s]+$/.test(text);

/** The time of a question in milliseconds since the epoch; undefined for an invalid question. */
function timeOf({ sender, recipient, time, zone }: MessageQuestion, now: number) {
  if (!isAddress(sender) || !isAddress(recipient)) return undefined;
  if (!TIME.test(time) || !ZONE.test(zone)) return undefined;
  const at = Date.parse(time + zone);
  const isRecent = at > now - OLDEST_MS && at < now + TOLERANCE_MS;
  return isRecent ? at : undefined;
}

function stateOf(deferral: Deferral, now: number): MessageState {
  const { firstSeen, acceptedFrom, ended } = deferral;
  switch (deferralState(deferral, now - LOST_AFTER)) {
    case "waiting":
      return acceptedFrom > now
        ? { kind: "waiting", duration: acceptedFrom - now }
        : { kind: "due" };
    case "retried":
      return { kind: "delivered", duration: (ended ?? firstSeen) - firstSeen };
    case "rejected":
      return { kind: "rejected" };
    case "not-retried":
      return { kind: "abandoned" };
  }
}

/** The state of the newest message that fits the question. */
export function messageState(service: StatusService, question: MessageQuestion): MessageState {
  const { now, queries, settings } = service;
  const sender = question.sender.trim().toLowerCase();
  const recipient = question.recipient.trim().toLowerCase();
  const at = timeOf({ ...question, sender, recipient }, now);
  if (at === undefined) return { kind: "invalid" };
  try {
    const { rows } = queries.deferred({ text: sender, recipient, limit: MAX_MESSAGES });
    const found = rows.find((row) =>
      // With privacy, the search compares the whole address.
      (settings.store.privacy || row.sender.toLowerCase() === sender) &&
      at >= row.firstSeen - TOLERANCE_MS && at <= row.lastSeen + TOLERANCE_MS
    );
    return found === undefined ? { kind: "unknown" } : stateOf(found, now);
  } catch (error) {
    if (error instanceof DatabaseError) return { kind: "unavailable" };
    throw error;
  }
}
