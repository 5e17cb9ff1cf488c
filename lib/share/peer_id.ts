/**
 * The ids of peers in the store and of their states: a URL of the settings, or one of these.
 *
 * @module
 */

/** The id of this site's own position: its last write to a shared database. */
export const OWN_PEER = "database";

const SITE = "site:";

/** The id of a site of a shared database. */
export function peerOf(incarnation: string): string {
  return SITE + incarnation;
}

/** The site of a shared database that an id means; undefined for any other id. */
export function incarnationOf(id: string): string | undefined {
  return id.startsWith(SITE) ? id.slice(SITE.length) : undefined;
}

/** True for the URL of the database between the sites, which has no header of its own. */
export function isDatabase(id: string): boolean {
  return id.startsWith("postgres");
}
