/** The columns of the table of well-known senders. */

/** The kind of mail. */
export type SenderKind = "mailbox" | "bulk" | "notices" | "lists" | "relay";

/**
 * Hosts of one provider, by their verified names. A pattern without `*` matches the name and every
 * name below it; one with `*` is a glob.
 */
export type HostRow = readonly [
  provider: string,
  pattern: string,
  /** The name of a real host. */
  example: string,
  /** Where such names were seen. */
  source: string,
  /** Year of the newest evidence. */
  year: number,
];

/**
 * SPF records of one provider. A record matches if one of its own terms authorises the client, not
 * through an `include` or `redirect`. Without `*` only the domain itself matches.
 */
export type ViaRow = readonly [
  provider: string,
  pattern: string,
  /** A page or an SPF record of the provider that names the record. */
  source: string,
  /** Year of the newest copy seen. */
  year: number,
];

/** The list as it is shipped. */
export interface WellKnownTable {
  /** When it was last checked as a whole: a date of ISO 8601. */
  readonly checked: string;
  readonly hosts: Readonly<Record<SenderKind, readonly HostRow[]>>;
  readonly via: Readonly<Record<SenderKind, readonly ViaRow[]>>;
}
