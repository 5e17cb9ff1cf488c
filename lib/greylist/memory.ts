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

/**
 * A memory that takes changes at once, so that the requests of one batch see what those before them
 * changed, and that tells in the end what has to be written: the newest record for each key.
 */
export class WorkingMemory implements Memory {
  readonly #triplets: Map<string, Triplet>;
  readonly #origins: Map<string, OriginRecord>;
  readonly #messages: Memory["message"];
  readonly #changed = {
    triplet: new Map<string, Change>(),
    origin: new Map<string, Change>(),
    message: new Map<string, MessageRecord>(),
  };

  /** A memory that begins with these records: triplets by their `id`, origins by name. */
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
    return this.#triplets.get(key.id);
  }

  /** What is remembered of an origin. */
  origin(name: string): OriginRecord | undefined {
    return this.#origins.get(name);
  }

  /** What is remembered of a message. */
  message(key: string): MessageRecord | undefined {
    return this.#changed.message.get(key) ?? this.#messages(key);
  }

  /** Takes changes. */
  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      switch (change.kind) {
        case "triplet":
          this.#triplets.set(change.key.id, change.record);
          this.#changed.triplet.set(change.key.id, change);
          break;
        case "origin":
          this.#origins.set(change.key, change.record);
          this.#changed.origin.set(change.key, change);
          break;
        case "message":
          this.#changed.message.set(change.key, change.record);
      }
    }
  }

  /** What has to be stored: the newest change for each triplet and each origin. */
  stored(): Change[] {
    return [...this.#changed.triplet.values(), ...this.#changed.origin.values()];
  }

  /** The messages that were changed. */
  messages(): ReadonlyMap<string, MessageRecord> {
    return this.#changed.message;
  }
}
