/**
 * The check that comes before the changes of a site are merged.
 *
 * @module
 */
import { formatDuration } from "../text/duration.ts";
import type { Agreement } from "./settings.ts";
import { FORMAT, type SiteHeader } from "./wire.ts";

/** The site that merges: other sites are compared with it. */
export interface OwnSite {
  readonly incarnation: string;
  readonly name: string;
  readonly privacy: string;
}

/** @returns why the changes of a site must not be merged, and what to do; undefined if they may. */
export function refusal(own: OwnSite, header: SiteHeader): string | undefined {
  if (header.incarnation === own.incarnation) return "it is this site itself: correct share";
  if (header.site === own.name) {
    return `it is called ${own.name} as well: give each site its own share_name`;
  }
  if (header.format !== FORMAT) {
    return `it sends format ${header.format}, and this greylag (format ${FORMAT}) cannot read it: ` +
      "upgrade the older one";
  }
  if (header.privacy === own.privacy) return undefined;
  if (header.privacy === "clear" || own.privacy === "clear") {
    return "privacy is on at one of the two sites only: set it alike";
  }
  return "it hides addresses with another key: copy DATABASE.key of one site to the other, with greylag " +
    "stopped and the database removed there";
}

const FIELDS: Readonly<Record<keyof Agreement, string>> = {
  retryWindow: "retry_window",
  lifetime: "lifetime",
  ipv4Prefix: "ipv4cidr",
  ipv6Prefix: "ipv6cidr",
};

/** Settings that differ at two sites, with the value of the other. */
export function disagreements(own: Agreement, other: Agreement): string[] {
  return (Object.keys(FIELDS) as (keyof Agreement)[])
    .filter((field) => own[field] !== other[field])
    .map((field) => {
      const value = other[field];
      const isTime = field === "retryWindow" || field === "lifetime";
      return `${FIELDS[field]} = ${isTime ? formatDuration(value) : value}`;
    });
}
