/**
 * The contents of notices: plain data, rendered when they are sent, so that their links are signed
 * with the secret of that moment. Times are milliseconds since the epoch.
 *
 * @module
 */
import type { Deferral } from "../store/history.ts";
import type { Language } from "../text/language.ts";
import type { DigestPeriod } from "./user.ts";

/** A deferral that a recipient can act on. Texts are hostile. */
export interface NoticeItem {
  /** The `id` of the deferral. */
  readonly deferral: number;
  readonly sender: string;
  /** Time of the first attempt. */
  readonly time: number;
  /** The sender can be bound to an origin: {@linkcode originOf} finds one. */
  readonly canAllow: boolean;
}

interface ForRecipient {
  readonly recipient: string;
  readonly language: Language;
  readonly items: readonly NoticeItem[];
}

/** Mail that was deferred and is urgent or late. */
export interface DeferredNotice extends ForRecipient {
  readonly kind: "deferred";
}

/** The outcome of a recipient's mail in a period. */
export interface DigestNotice extends ForRecipient {
  readonly kind: "digest";
  readonly period: Exclude<DigestPeriod, "off">;
  /** Delivered after a delay. */
  readonly retried: number;
  readonly waiting: number;
  /** Not retried, and possibly legitimate. */
  readonly notRetried: number;
  /** Not retried, and likely spam. */
  readonly stopped: number;
}

export type AdminNotice =
  /** Mail that was not retried and may be legitimate. */
  | {
    readonly kind: "lost";
    readonly count: number;
    readonly items: readonly {
      readonly sender: string;
      readonly recipient: string;
      readonly client: string;
    }[];
  }
  /** `text` is a sentence without its full stop; it may hold hostile text. */
  | { readonly kind: "trouble"; readonly text: string; readonly remedy: string }
  /** First contacts within ten minutes. */
  | { readonly kind: "flood"; readonly count: number };

export type Notice = DeferredNotice | DigestNotice | AdminNotice | { readonly kind: "test" };

export type NoticeKind = Notice["kind"];

/** The name of a client, or its address if it has no verified name. */
export function clientOf(
  { clientName, clientAddress }: Pick<Deferral, "clientName" | "clientAddress">,
): string {
  return clientName === "unknown" ? clientAddress : clientName;
}
