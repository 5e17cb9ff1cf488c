/**
 * What an import found, in the form in which Greylag remembers it, and how it joins what is there.
 *
 * @module
 */
import type { Rules } from "../greylist/rules.ts";
import type { Change, OriginRecord, Triplet, TripletKey } from "../greylist/model.ts";
import type { Recalled } from "../store/store.ts";

/** Something to be remembered, if nothing better is remembered already. */
export type Item =
  | { readonly key: TripletKey; readonly triplet: Triplet }
  /** The sender and the recipient of the key are empty. */
  | { readonly key: TripletKey; readonly origin: OriginRecord };

/** A recipient that wants greylisting, or does not. */
export interface Choice {
  /** Which of the two. */
  readonly list: "opt-in" | "opt-out";
  /** An address or a domain. */
  readonly pattern: string;
}

/** A place that cannot be understood. */
export interface SourceError {
  /** The line, counted from 1; 0 where there are no lines. */
  readonly line: number;
  /** What is wrong with it. */
  readonly why: string;
}

/** What one file holds. */
export interface Source {
  /** What was understood. */
  readonly items: readonly Item[];
  /** The recipients' choices. */
  readonly choices: readonly Choice[];
  /** What was not understood. */
  readonly errors: readonly SourceError[];
}

/** By what a source is read. Durations are in milliseconds. */
export interface Reading {
  /** Greylag's own rules. */
  readonly rules: Rules;
  /** The other server's delay. */
  readonly delay: number;
  /** The time, in milliseconds since the epoch. */
  readonly now: number;
}

/** Whether Greylag would have forgotten it already. */
export function isExpired(item: Item, rules: Rules, now: number): boolean {
  if ("origin" in item) return now - item.origin.lastSeen > rules.lifetime;
  const { passed, firstSeen, lastSeen } = item.triplet;
  return passed === undefined
    ? now - firstSeen > rules.retryWindow
    : now - lastSeen > rules.lifetime;
}

/** The change that an item makes; undefined if what is remembered is as good. */
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
