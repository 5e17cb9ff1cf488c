/**
 * The paths of the status page.
 *
 * @module
 */

/** Mail that the pages are about. */
export interface Subjects {
  readonly domain: string;
  readonly client: string;
  readonly recipient: string;
}

/** A path for each kind of page, with rows or without. */
export function pathsAbout({ domain, client, recipient }: Subjects): string[] {
  return [
    "/",
    "/?period=30d",
    "/search?q=example",
    "/top",
    "/waiting",
    "/deferred",
    "/decisions",
    `/decisions?verdict=defer&domain=${domain}&since=24h`,
    "/decisions/1",
    "/messages/1",
    "/lost",
    `/senders?of=${domain}`,
    `/clients?of=${client}`,
    `/recipients?of=${recipient}`,
    "/auto-whitelisted",
    "/known",
    "/lists",
    "/lists/new?list=block&deferral=1",
    "/lists/new?list=block&match_on=client&pattern=0.0.0.0/0",
    "/lists/1",
    "/health",
    "/sign-in",
    "/help",
    "/help?lang=pl",
    "/confirm?action=/exemptions&recipient=bob@example.net&for=15m",
    "/nothing",
  ];
}
