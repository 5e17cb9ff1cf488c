/**
 * What a decision can look up.
 *
 * @module
 */
import type { Change, MessageRecord, OriginRecord, Triplet, TripletKey } from "./model.ts";

/** What is known of the things that a decision asks for. */
export interface Memory {
  /** What is remembered of a triplet. */
  triplet(key: TripletKey): Triplet | undefined;
  /** What is remembered of an origin, by its name. */
  origin(name: string): OriginRecord | undefined;
  /** What is remembered of a message, by Postfix's name for it (`instance`). */
  message(instance: string): MessageRecord | undefined;
}

/**
 * A memory that takes changes at once, so that the requests of one batch see what those before them
 * changed, and that tells in the end what has to be written: the newest record for each key.
 */
export class WorkingMemory implements Memory {
  readonly #triplets: ReadonlyMap<string, Triplet>;
  readonly #origins: ReadonlyMap<string, OriginRecord>;
  readonly #messages: Memory["message"];
  readonly #changedTriplets = new Map<string, Change & { kind: "triplet" }>();
  readonly #changedOrigins = new Map<string, Change & { kind: "origin" }>();
  readonly #changedMessages = new Map<string, MessageRecord>();

  /** A memory that begins with these records: triplets by their `id`, origins by name. */
  constructor(
    triplets: ReadonlyMap<string, Triplet> = new Map(),
    origins: ReadonlyMap<string, OriginRecord> = new Map(),
    messages: Memory["message"] = () => undefined,
  ) {
    this.#triplets = triplets;
    this.#origins = origins;
    this.#messages = messages;
  }

  /** What is remembered of a triplet. */
  triplet(key: TripletKey): Triplet | undefined {
    return look(this.#changedTriplets, key.id)?.record ?? look(this.#triplets, key.id);
  }

  /** What is remembered of an origin. */
  origin(name: string): OriginRecord | undefined {
    return look(this.#changedOrigins, name)?.record ?? look(this.#origins, name);
  }

  /** What is remembered of a message. */
  message(instance: string): MessageRecord | undefined {
    return look(this.#changedMessages, instance) ?? this.#messages(instance);
  }

  /** Takes changes. */
  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      switch (change.kind) {
        case "triplet":
          this.#changedTriplets.set(change.key.id, change);
          break;
        case "origin":
          this.#changedOrigins.set(change.key, change);
          break;
        case "message":
          this.#changedMessages.set(change.key, change.record);
      }
    }
  }

  /** What has to be stored: the newest change for each triplet and each origin. */
  stored(): Change[] {
    return [...this.#changedTriplets.values(), ...this.#changedOrigins.values()];
  }

  /** The messages that were changed. */
  messages(): ReadonlyMap<string, MessageRecord> {
    return this.#changedMessages;
  }
}

/** Most of these maps are empty, and hashing a key that was just put together is not for nothing. */
function look<T>(map: ReadonlyMap<string, T>, key: string): T | undefined {
  return map.size === 0 ? undefined : map.get(key);
}
