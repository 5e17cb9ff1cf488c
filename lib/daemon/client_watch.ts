/**
 * Reports private client addresses that many senders share, from the stream of decisions.
 *
 * @module
 */
import { SharedClients } from "../evidence/shared_clients.ts";
import type { Reason } from "../greylist/model.ts";
import type { DaemonEvent, ErrorEvent } from "./events.ts";

/** Reasons of mail that is not greylisted whatever its client: own users, trusted networks, lists. */
const TRUSTED: readonly Reason[] = ["out-of-scope", "authenticated", "allowed", "fault"];

/** A subscriber that publishes each address once. */
export class ClientWatch {
  readonly #publish: (event: ErrorEvent) => void;
  readonly #clients = new SharedClients();

  constructor(publish: (event: ErrorEvent) => void) {
    this.#publish = publish;
  }

  handle(event: DaemonEvent): void {
    if (event.kind !== "decision" || TRUSTED.includes(event.verdict.reason)) return;
    const { attempt } = event.request;
    if (attempt !== undefined && this.#clients.observe(attempt.address, attempt.sender)) {
      this.#publish({ kind: "shared-client", clientAddress: attempt.ip });
    }
  }
}
