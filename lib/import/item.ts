/**
 * Imported records, and their merge with stored ones; pure.
 *
 * @module
 */
import type { Rules } from "../greylist/rules.ts";
import type { Change, OriginRecord, Triplet, TripletKey } from "../greylist/model.ts";
import type { Recalled } from "../store/store.ts";

export type Item =
  | { readonly key: TripletKey; readonly triplet: Triplet }
  /** Sender and recipient of the key are empty. */
  | { readonly key: TripletKey; readonly origin: OriginRecord };

/** Opt-in or opt-out of a recipient. */
export interface Choice {
  readonly list: "opt-in" | "opt-out";
  /** An address or a domain. */
  readonly pattern: string;
}

export interface SourceError {
  /** Counted from 1; 0 for a file without lines. */
  readonly line: number;
  readonly why: string;
}

export interface Source {
  readonly items: readonly Item[];
  readonly choices: readonly Choice[];
  readonly errors: readonly SourceError[];
}

export interface Reading {
  readonly rules: Rules;
  /** Delay of the other server, in milliseconds. */
  readonly delay: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export function isExpired(item: Item, rules: Rules, now: number): boolean {
  if ("origin" in item) return now - item.origin.lastSeen > rules.lifetime;
  const { passed, firstSeen, lastSeen } = item.triplet;
  return passed === undefined
    ? now - firstSeen > rules.retryWindow
    : now - lastSeen > rules.lifetime;
}

/** @returns undefined if the stored record is as good. */
export function changeOf(item: Item, recalled: Recalled): Change | undefined {
  if ("origin" in item) {
    const name = item.key.origin;
    const before = recalled.origins.get(name);
    const { deliveries, lastSeen } = item.origin;
    if (before !== undefined && before.deliveries >= deliveries && before.lastSeen >= lastSeen) {
      return undefined;
    }
    const record = {
      ...item.origin,
      deliveries: Math.max(deliveries, before?.deliveries ?? 0),
      lastSeen: Math.max(lastSeen, before?.lastSeen ?? 0),
    };
    recalled.origins.set(name, record);
    return { kind: "origin", key: name, record };
  }
  const before = recalled.triplets.get(item.key.id);
  const isBetter = before === undefined ||
    (item.triplet.passed !== undefined &&
      (before.passed === undefined || before.lastSeen < item.triplet.lastSeen));
  if (!isBetter) return undefined;
  const record = { ...item.triplet, counted: item.triplet.counted || (before?.counted ?? false) };
  recalled.triplets.set(item.key.id, record);
  return { kind: "triplet", key: item.key, record };
}
