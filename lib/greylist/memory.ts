/**
 * What a decision can look up.
 *
 * @module
 */
import type { Change, MessageRecord, OriginRecord, Triplet, TripletKey } from "./verdict.ts";

/** What is known of the things that a decision asks for. */
export interface Memory {
  /** What is remembered of a triplet. */
  triplet(key: TripletKey): Triplet | undefined;
  /** What is remembered of an origin, by its name. */
  origin(name: string): OriginRecord | undefined;
  /** What is remembered of a message, by {@linkcode messageKey}. */
  message(key: string): MessageRecord | undefined;
}

/** One text for a triplet, for use as a key. No part of a triplet contains a NUL. */
export function tripletId(key: TripletKey): string {
  return `${key.sender}\0${key.recipient}\0${key.origin}`;
}

/**
 * A memory that takes changes at once, so that the requests of one batch see what those before them
 * changed, and that tells in the end what has to be written: the newest record for each key.
 */
export class WorkingMemory implements Memory {
  readonly #triplets: Map<string, Triplet>;
  readonly #origins: Map<string, OriginRecord>;
  readonly #messages: Memory["message"];
  readonly #changes = new Map<string, Change>();

  /** A memory that begins with these records: triplets by {@linkcode tripletId}, origins by name. */
  constructor(
    triplets: Map<string, Triplet> = new Map(),
    origins: Map<string, OriginRecord> = new Map(),
    messages: Memory["message"] = () => undefined,
  ) {
    this.#triplets = triplets;
    this.#origins = origins;
    this.#messages = messages;
  }

  /** What is remembered of a triplet. */
  triplet(key: TripletKey): Triplet | undefined {
    return this.#triplets.get(tripletId(key));
  }

  /** What is remembered of an origin. */
  origin(name: string): OriginRecord | undefined {
    return this.#origins.get(name);
  }

  /** What is remembered of a message. */
  message(key: string): MessageRecord | undefined {
    const change = this.#changes.get(`m${key}`);
    return change?.kind === "message" ? change.record : this.#messages(key);
  }

  /** Takes changes. */
  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      switch (change.kind) {
        case "triplet": {
          const id = tripletId(change.key);
          this.#triplets.set(id, change.record);
          this.#changes.set(`t${id}`, change);
          break;
        }
        case "origin":
          this.#origins.set(change.key, change.record);
          this.#changes.set(`o${change.key}`, change);
          break;
        case "message":
          this.#changes.set(`m${change.key}`, change);
      }
    }
  }

  /** Everything that was changed, once for each key. */
  changes(): Change[] {
    return [...this.#changes.values()];
  }
}
