/**
 * The settings of notices, as plain data.
 *
 * @module
 */
import type { Endpoint } from "../net/endpoint.ts";
import type { Target } from "./target.ts";
import type { User } from "./user.ts";

/** The occasions of notices to administrators. */
export const NOTICE_EVENTS = ["lost", "trouble", "flood"] as const;

export type NoticeEvent = typeof NOTICE_EVENTS[number];

/**
 * The rights of recipients: to let a message in, always allow a sender, report spam, expect mail, turn
 * greylisting off.
 */
export const RIGHTS = ["release", "allow", "spam", "expect", "greylisting"] as const;

export type Right = typeof RIGHTS[number];

/** The rights that are about one message. */
export const MESSAGE_ACTIONS = ["release", "allow", "spam"] as const satisfies readonly Right[];

export type MessageAction = typeof MESSAGE_ACTIONS[number];

/**
 * The actions that a recipient gets for a message.
 *
 * @param canAllow the sender can be bound to an origin.
 */
export function messageActions(rights: readonly Right[], canAllow: boolean): MessageAction[] {
  return MESSAGE_ACTIONS.filter((one) => rights.includes(one) && (one !== "allow" || canAllow));
}

/** The pages of recipients. */
export interface RecipientPages {
  readonly users: readonly User[];
  readonly rights: readonly Right[];
  /** Without a final slash; empty if recipients have no pages. */
  readonly publicUrl: string;
}

export interface NotifySettings extends RecipientPages {
  readonly userFiles: readonly string[];
  /** The setting `recipient_delimiter`. */
  readonly recipientDelimiter: string;
  /** Of the administrator. */
  readonly targets: readonly Target[];
  readonly events: readonly NoticeEvent[];
  readonly smtp: Endpoint;
  /** The address in `From:`. */
  readonly from: string;
  /** Empty for the null sender. */
  readonly envelopeSender: string;
  /** The name of this mail server. */
  readonly hostname: string;
  readonly database: string;
  /** Milliseconds: retries later than this are first attempts. */
  readonly retryWindow: number;
}

export function hasNotices(
  { targets, users, userFiles }: Pick<NotifySettings, "targets" | "users" | "userFiles">,
): boolean {
  return targets.length + users.length + userFiles.length > 0;
}
