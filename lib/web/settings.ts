/**
 * What the status page is told: plain data, since the page lives in a thread of its own.
 *
 * @module
 */
import type { Rules } from "../greylist/rules.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { StoreSettings } from "../store/open.ts";

/** What the status page is told. */
export interface StatusSettings {
  /** Where it listens. */
  readonly endpoint: Endpoint;
  /** The names that it goes by besides the loopback addresses, in lower case. */
  readonly names: readonly string[];
  /** The path below which a reverse proxy shows it: empty, or with a slash before and none behind. */
  readonly prefix: string;
  /** Whether reading takes a sign-in as well. */
  readonly isPrivate: boolean;
  /** What the page for strangers says; may be empty. */
  readonly helpText: string;
  /** How strangers reach the administrator; may be empty. */
  readonly helpContact: string;
  /** The database. */
  readonly store: StoreSettings;
  /** The rules of greylisting. */
  readonly rules: Rules;
  /** Files of clients that pass. */
  readonly whitelistClients: readonly string[];
  /** Files of recipients whose mail passes. */
  readonly whitelistRecipients: readonly string[];
  /** Whether the built-in list is in force. */
  readonly builtinList: boolean;
  /** The name of this mail server. */
  readonly hostname: string;
  /** Which Greylag this is. */
  readonly version: string;
  /** When this Greylag was made, in milliseconds since the epoch. */
  readonly released: number;
}
