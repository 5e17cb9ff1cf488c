/**
 * Keeps what happened for people to look at, in small pieces and never on the way of a request.
 *
 * @module
 */
import { legitimacyOf } from "../evidence/legitimacy.ts";
import { normaliseRecipient, normaliseSender } from "../greylist/normalise.ts";
import { originsOf } from "../greylist/origin.ts";
import type { Rules } from "../greylist/rules.ts";
import type { Verdict } from "../greylist/model.ts";
import { verifiedName } from "../net/hostname.ts";
import { parseAddress } from "../net/network.ts";
import type { AttributeName, PolicyRequest } from "../postfix/request.ts";
import type { DecisionRecord, DelayTally, HistoryStore, Tally } from "../store/history.ts";

/** What the administrator says about the history. */
export interface HistorySettings {
  /** How long decisions are kept, in milliseconds; 0 keeps none. */
  readonly history: number;
  /** So many decisions are kept at most. */
  readonly historyRows: number;
}

/** A piece is so small that no request notices it. */
const PIECE = 50;

/** Between two pieces, in milliseconds: 500 decisions a second are kept, and a burst of more. */
const PIECE_PAUSE = 100;

/** Beyond this many that wait to be written, or so much text of theirs, the newest are only counted. */
const MAX_PENDING = 2000;
const MAX_PENDING_TEXT = 4_000_000;

const HOUR = 3_600_000;

/** No single value is worth more than this many characters. */
const MAX_VALUE = 320;

/** Delays are counted by the first of these that they do not exceed, in seconds. */
export const DELAY_BOUNDS: readonly number[] = [
  60,
  120,
  180,
  300,
  600,
  900,
  1800,
  3600,
  7200,
  14_400,
  28_800,
  86_400,
  172_800,
];

/** Upper bound in seconds of the bucket that counts a delay in milliseconds. */
export function delayBucket(delayed: number): number {
  return DELAY_BOUNDS.find((bound) => delayed <= bound * 1000) ?? Infinity;
}

/** The tally that counts a verdict. */
export function tallyOf({ decision, reason, shadow }: Verdict, hour: number): Tally {
  return { hour, decision, reason, ...(shadow === undefined ? {} : { shadow }), count: 1 };
}

/** Counts by hour and kind until they are written. */
class PendingTallies {
  readonly #tallies = new Map<string, Tally>();
  readonly #delays = new Map<string, DelayTally>();

  get isEmpty(): boolean {
    return this.#tallies.size === 0 && this.#delays.size === 0;
  }

  get tallies(): readonly Tally[] {
    return [...this.#tallies.values()];
  }

  get delays(): readonly DelayTally[] {
    return [...this.#delays.values()];
  }

  add(tally: Tally): void {
    const { hour, decision, reason, shadow } = tally;
    const key = `${hour} ${decision} ${reason} ${shadow}`;
    const count = (this.#tallies.get(key)?.count ?? 0) + tally.count;
    this.#tallies.set(key, { ...tally, count });
  }

  addDelay(tally: DelayTally): void {
    const key = `${tally.hour} ${tally.upTo}`;
    const count = (this.#delays.get(key)?.count ?? 0) + tally.count;
    this.#delays.set(key, { ...tally, count });
  }
}

interface Noted {
  readonly request: PolicyRequest;
  readonly verdict: Verdict;
  readonly time: number;
}

/** The history of one daemon. */
export class History {
  readonly #store: HistoryStore;
  #settings: HistorySettings;
  #rules: Rules;
  #waiting: Noted[] = [];
  #waitingText = 0;
  #tallies = new PendingTallies();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #dropped: () => void;

  /** A history that is kept in a store; `dropped` is told of each decision that is only counted. */
  constructor(store: HistoryStore, settings: HistorySettings, rules: Rules, dropped: () => void) {
    this.#store = store;
    this.#dropped = dropped;
    this.#settings = settings;
    this.#rules = rules;
  }

  /** Takes new settings. */
  configure(settings: HistorySettings, rules: Rules): void {
    this.#settings = settings;
    this.#rules = rules;
  }

  /** Takes a decision; costs next to nothing until it is written. */
  note(request: PolicyRequest, verdict: Verdict, time: number): void {
    const hour = time - time % HOUR;
    this.#tallies.add(tallyOf(verdict, hour));
    if (verdict.delayed !== undefined && verdict.firstOfMessage === true) {
      this.#tallies.addDelay({ hour, upTo: delayBucket(verdict.delayed), count: 1 });
    }
    if (this.#settings.history > 0 && isWorthKeeping(verdict)) {
      const hasRoom = this.#waiting.length < MAX_PENDING && this.#waitingText < MAX_PENDING_TEXT;
      if (hasRoom) {
        this.#waiting.push({ request, verdict, time });
        this.#waitingText += request.length;
      } else {
        this.#dropped();
      }
    }
    this.#timer ??= setTimeout(() => this.#writePiece(), PIECE_PAUSE);
  }

  /** Writes everything that waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      while (this.#waiting.length > 0 || !this.#tallies.isEmpty) this.#write();
    } catch {
      // The store told of its illness itself, and the history is a convenience.
      this.#waiting = [];
      this.#waitingText = 0;
      this.#tallies = new PendingTallies();
    }
  }

  #writePiece(): void {
    try {
      this.#write();
    } catch {
      // What could not be written is kept for the next piece as far as there is room.
    }
    const isMore = this.#waiting.length > 0 || !this.#tallies.isEmpty;
    this.#timer = isMore ? setTimeout(() => this.#writePiece(), PIECE_PAUSE) : undefined;
  }

  #write(): void {
    const piece = this.#waiting.slice(0, PIECE);
    const { tallies, delays } = this.#tallies;
    this.#tallies = new PendingTallies();
    try {
      this.#store.record({
        decisions: piece.map((noted) => recordOf(noted, this.#rules)),
        tallies,
        delays,
        quietPeriod: this.#rules.retryWindow,
      });
    } catch (error) {
      for (const tally of tallies) this.#tallies.add(tally);
      for (const delay of delays) this.#tallies.addDelay(delay);
      throw error;
    }
    this.#waiting.splice(0, piece.length);
    for (const { request } of piece) this.#waitingText -= request.length;
  }
}

/** Our own users' mail, and what greylisting has no part in, is only counted. */
function isWorthKeeping({ reason }: Verdict): boolean {
  return reason !== "authenticated" && reason !== "out-of-scope";
}

function recordOf({ request, verdict, time }: Noted, rules: Rules): DecisionRecord {
  const value = (name: AttributeName) => (request.get(name) ?? "").slice(0, MAX_VALUE);
  const sender = value("sender");
  const recipient = value("recipient");
  const clientName = value("client_name");
  const heloName = value("helo_name");
  const address = parseAddress(value("client_address"));
  const facts = address && { address, name: verifiedName(clientName), heloName };
  return {
    time,
    decision: verdict.decision,
    reason: verdict.reason,
    ...(verdict.shadow === undefined ? {} : { shadow: verdict.shadow }),
    clientAddress: value("client_address"),
    clientName,
    heloName,
    sender,
    recipient,
    normalisedSender: normaliseSender(sender, recipient),
    normalisedRecipient: normaliseRecipient(recipient),
    network: address === undefined ? "" : originsOf(address, undefined, rules)[0]!.name,
    ...(verdict.origin === undefined ? {} : { origin: verdict.origin }),
    ...(verdict.by === undefined ? {} : { by: verdict.by }),
    ...(verdict.wait === undefined ? {} : { wait: verdict.wait }),
    ...(verdict.delayed === undefined ? {} : { delayed: verdict.delayed }),
    legitimacy: facts === undefined ? 0 : legitimacyOf(facts, sender),
  };
}
