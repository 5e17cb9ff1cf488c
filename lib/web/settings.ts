/**
 * The settings of the status page: plain data, since the page runs in a thread of its own.
 *
 * @module
 */
import type { Rules } from "../greylist/rules.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { Network } from "../net/network.ts";
import type { RecipientPages } from "../notify/settings.ts";
import type { PageShare } from "../share/settings.ts";
import type { StoreSettings } from "../store/open.ts";

export interface SettingInForce {
  readonly name: string;
  /** JSON. */
  readonly value: string;
  /** Such as `default` or `/etc/greylag.toml:7`. */
  readonly source: string;
}

export interface StatusSettings {
  readonly endpoint: Endpoint;
  /** Accepted in `Host` besides loopback addresses; lower case. */
  readonly names: readonly string[];
  /** The path below which a reverse proxy serves the page: empty, or `/path` without a final slash. */
  readonly prefix: string;
  /** Reverse proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly Network[];
  /** Maximum open connections to the page. */
  readonly maxConnections: number;
  /** For the changes that it serves to other sites; absent if it does not share. */
  readonly share?: PageShare;
  /** Whether reading needs a sign-in as well. */
  readonly isPrivate: boolean;
  /** The text of the help page; may be empty. */
  readonly helpText: string;
  /** The administrator's address or URL on the help page; may be empty. */
  readonly helpContact: string;
  readonly store: StoreSettings;
  readonly rules: Rules;
  readonly whitelistClients: readonly string[];
  readonly whitelistRecipients: readonly string[];
  readonly builtinList: boolean;
  /** The name of this mail server. */
  readonly hostname: string;
  readonly version: string;
  /** When this version was built, in milliseconds since the epoch. */
  readonly released: number;
  /** All settings as written, with their sources. */
  readonly inForce: readonly SettingInForce[];
  readonly recipients: RecipientPages;
}
