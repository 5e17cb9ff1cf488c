import { formatAgo } from "../admin/format.ts";
import type { Configuration } from "../config/load.ts";
import { incarnationOf, isDatabase, OWN_PEER } from "../share/peer_id.ts";
import { lagOf, readState, siteName, type SiteState } from "../share/status.ts";
import type { StoredPeer } from "../store/share_table.ts";
import { formatDuration, SECOND } from "../text/duration.ts";
import type { Command } from "./command.ts";
import { DATABASE_OPTIONS, type Invocation, parseInvocation, withStore } from "./invocation.ts";
import type { Output } from "./output.ts";
import { printTable } from "./table.ts";
import { requiredArgument, UsageError } from "./usage.ts";

/** The other sites as the daemon last wrote them, without the database between them. */
function otherSites(peers: readonly StoredPeer[]): SiteState[] {
  return peers.filter(({ id }) => id !== OWN_PEER)
    .map(({ id, state }) => readState(id, state));
}

export interface Sharing {
  /** The name of this site. */
  readonly name: string;
  readonly outboxRows: number;
  readonly sites: readonly SiteState[];
}

/** The state of sharing in the database; undefined if this site does not share. */
export async function readSharing(configuration: Configuration): Promise<Sharing | undefined> {
  return await withStore(configuration, ({ share }) => {
    const site = share.site();
    if (site === undefined) return undefined;
    return { name: site.name, outboxRows: share.outboxRows(), sites: otherSites(share.peers()) };
  });
}

const seconds = (time: number) => formatDuration(Math.round(time / SECOND) * SECOND);

function stateText(site: SiteState, now: number): string {
  if (site.error !== undefined) return site.error;
  return site.current === undefined ? "reading" : lagShown(site, now) === 0 ? "ok" : "behind";
}

function lagText(site: SiteState, now: number): string {
  if (isDatabase(site.id)) return "";
  return site.current === undefined ? "never read" : seconds(lagShown(site, now));
}

/** The daemon writes states every five seconds. */
function lagShown(site: SiteState, now: number): number {
  const lag = lagOf(site, now, now);
  return lag < 8 * SECOND && site.error === undefined ? 0 : lag;
}

async function list(invocation: Invocation, output: Output): Promise<number> {
  const sharing = await readSharing(invocation.configuration);
  if (sharing === undefined) {
    output.complain("greylag: this site does not share; see share in docs/several-mx.md\n");
    return 1;
  }
  const now = Date.now();
  const { name, outboxRows, sites } = sharing;
  if (invocation.json) {
    const all = sites.map((site) => ({
      id: site.id,
      name: site.header?.site ?? null,
      version: site.header?.version ?? null,
      contact: site.contact === undefined ? null : new Date(site.contact).toISOString(),
      lag_seconds: site.current === undefined ? null : lagShown(site, now) / SECOND,
      clock_skew_seconds: site.skew === undefined ? null : site.skew / SECOND,
      error: site.error ?? null,
    }));
    output.print(`${JSON.stringify({ name, outbox_rows: outboxRows, sites: all }, null, 2)}\n`);
    return 0;
  }
  output.print(`This site is ${name}.\n`);
  if (sites.length === 0) {
    output.print("No other site was seen yet.\n");
    return 0;
  }
  const rows = sites.map((site) => [
    siteName(site),
    site.header?.version ?? "",
    site.contact === undefined ? "never" : formatAgo(now - site.contact),
    lagText(site, now),
    site.skew === undefined ? "" : `${(site.skew / SECOND).toFixed(1)} s`,
    stateText(site, now),
  ]);
  printTable(["site", "version", "contact", "behind", "clock", "state"], rows, output);
  return 0;
}

async function remove(
  invocation: Invocation,
  rest: readonly string[],
  output: Output,
): Promise<number> {
  const name = requiredArgument(rest, "SITE");
  const found = await withStore(invocation.configuration, ({ share }) => {
    const peers = share.peers().filter(({ id }) => incarnationOf(id) !== undefined);
    const peer = peers.find(({ id, state }) => siteName(readState(id, state)) === name);
    if (peer === undefined) return false;
    const { id, position, state } = peer;
    const removed: SiteState = { ...readState(id, state), isRemoved: true };
    share.putPeer({ id, position, state: JSON.stringify(removed) });
    return true;
  });
  if (!found) {
    output.complain(
      `greylag: no site ${name} in the shared database. A site with a URL leaves by removing the URL ` +
        "from share\n",
    );
    return 1;
  }
  output.print(`The daemon removes ${name} from the shared database within 10 s.\n`);
  return 0;
}

export const sites: Command = {
  name: "sites",
  summary: "show the MX that share with this one",
  usage: "[remove SITE]",
  words: { remove: [] },
  description: [
    "Shows each site with its version, its last contact, how far this site is behind it, how far its " +
    "clock is ahead, and its state. The daemon updates them every 5 s.",
    "remove deletes the rows of SITE from the shared PostgreSQL database, for a site that has left. " +
    "Records that other sites have read stay.",
  ],
  options: DATABASE_OPTIONS,

  async run(args, output) {
    const invocation = parseInvocation(args, []);
    const [action, ...rest] = invocation.rest;
    if (action === undefined) return await list(invocation, output);
    if (action === "remove") return await remove(invocation, rest, output);
    throw new UsageError(`unexpected argument "${action}"`);
  },
};
