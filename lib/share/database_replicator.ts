/**
 * Shares through one database: sends this site's changes, and reads those of the others.
 *
 * @module
 */
import type { ShareStore } from "../store/share_table.ts";
import type { SharedChange } from "../store/shared_change.ts";
import { MINUTE, SECOND } from "../text/duration.ts";
import { messageOf } from "../text/error_message.ts";
import { backOff } from "./back_off.ts";
import { withRemedy } from "./certificates.ts";
import { refusal } from "./judge_site.ts";
import { OWN_PEER, peerOf } from "./peer_id.ts";
import { PostgresClient } from "./postgres_client.ts";
import type { Replication } from "./replicator.ts";
import type { ShareSettings } from "./settings.ts";
import { ClaimError, SharedDatabase, type SharedRow, type SharedSite } from "./shared_database.ts";
import { expiryOf, keyOf } from "./shared_key.ts";
import type { SiteState } from "./status.ts";
import type { DatabaseTarget } from "./target.ts";
import { FORMAT, PAGE_ROWS, parseJson, readChange, type SiteHeader } from "./wire.ts";

/** Between two rounds in which there was nothing to do. */
const POLL_MS = SECOND / 4;

/** A site says that it lives this often, and is believed to for as long again. */
const HEARTBEAT_MS = 2 * SECOND;
const SILENCE_MS = 3 * HEARTBEAT_MS;

/** A site of the same name that has been silent for this long was replaced by this one. */
const REPLACED_AFTER = MINUTE;

/** Rows sent in one transaction: it must end within the timeout. */
const SENT_ROWS = 500;

const EXPIRY_PERIOD = MINUTE;
const EXPIRED_ROWS = 2000;

export interface DatabaseReplication extends Replication {
  store(): ShareStore;
  gone(id: string): void;
}

export class DatabaseReplicator {
  readonly #target: DatabaseTarget;
  readonly #settings: ShareSettings;
  readonly #replication: DatabaseReplication;
  #client: PostgresClient | undefined;
  #own: SharedSite | undefined;
  #heartbeat = 0;
  #expiry = 0;
  /** When each site last wrote, by this clock. */
  readonly #lives = new Map<string, { readonly time: number; readonly at: number }>();
  readonly #states = new Map<string, SiteState>();
  readonly #removals = new Set<string>();

  constructor(target: DatabaseTarget, settings: ShareSettings, replication: DatabaseReplication) {
    this.#target = target;
    this.#settings = settings;
    this.#replication = replication;
  }

  /** Removes a site that has left. */
  remove(incarnation: string): void {
    this.#removals.add(incarnation);
  }

  async run(): Promise<never> {
    let failures = 0;
    for (;;) {
      let pause: number;
      try {
        const isMore = await this.#round();
        failures = 0;
        pause = isMore ? 0 : POLL_MS;
        this.#report({ id: this.#target.url, contact: Date.now() });
      } catch (error) {
        failures++;
        pause = backOff(failures);
        this.#client?.close();
        this.#client = undefined;
        this.#own = undefined;
        const known = this.#states.get(this.#target.url) ?? { id: this.#target.url };
        this.#report({ ...known, error: this.#explain(error) });
      }
      await this.#replication.wait(pause);
    }
  }

  /** postgres.js repeats the query in some messages, but never the password. */
  #explain(error: unknown): string {
    if (error instanceof AggregateError && error.errors.length > 0) {
      return this.#explain(error.errors[0]);
    }
    const code = error instanceof Error && "code" in error ? ` (${error.code})` : "";
    return withRemedy(`${messageOf(error)}${code}`);
  }

  #report(state: SiteState): void {
    this.#states.set(state.id, state);
    this.#replication.report(state);
  }

  /** @returns whether there is more to do. */
  async #round(): Promise<boolean> {
    this.#client ??= await PostgresClient.open(
      this.#target,
      this.#settings.secret.password,
      this.#settings.certificates,
    );
    const database = new SharedDatabase(this.#client);
    if (this.#own === undefined) await database.createTables();
    for (const incarnation of this.#removals) {
      await database.remove(incarnation);
      this.#removals.delete(incarnation);
    }
    const sites = await database.sites();
    await this.#claim(database, sites);
    const isSending = await this.#send(database);
    const isReading = await this.#readAll(database, sites);
    await this.#expire(database);
    return isSending || isReading;
  }

  #header(): SiteHeader {
    const { version, agreement } = this.#settings;
    const { incarnation, name, privacy } = this.#replication.own();
    return {
      format: FORMAT,
      site: name,
      incarnation,
      version,
      time: Date.now(),
      privacy,
      agreement,
    };
  }

  /** Finds or adds the row of this site. */
  async #claim(database: SharedDatabase, sites: readonly SharedSite[]): Promise<void> {
    const { incarnation, name } = this.#replication.own();
    const found = sites.find((site) => site.incarnation === incarnation);
    for (const other of sites) {
      if (other.name !== name || other.incarnation === incarnation) continue;
      this.#note(other);
      if (this.#isSilent(other, REPLACED_AFTER)) {
        // This site, before it was restored: it may have known more.
        await this.#readChanges(database, other);
        await database.remove(other.incarnation);
        this.#replication.gone(peerOf(other.incarnation));
      } else if (found === undefined) {
        throw new Error(
          `another site is called ${name} as well, or was until now: give each its own ` +
            "share_name, or wait for a minute",
        );
      }
    }
    if (found === undefined) {
      const feed = crypto.randomUUID();
      const number = 0;
      const own = { incarnation, name, header: undefined, feed, number, position: "" };
      this.#own = { ...own, isComplete: false };
      await database.add(this.#own, this.#header());
      return;
    }
    const [feed, number] = this.#replication.position(OWN_PEER).split("/");
    this.#own = found;
    if (feed !== found.feed || Number(number) <= found.number) return;
    // The database was restored: numbers that others have read would stand for other changes.
    const renewed = { ...found, feed: crypto.randomUUID() };
    await database.write(found, renewed, this.#header(), []);
    this.#own = renewed;
  }

  /** @returns whether there is more to send. */
  async #send(database: SharedDatabase): Promise<boolean> {
    const own = this.#own!;
    const page = this.#replication.store().changes(own.position, SENT_ROWS);
    if (page === undefined) return false;
    if (page.isAhead) {
      this.#replication.store().renew();
      this.#own = undefined;
      return true;
    }
    const isDue = performance.now() - this.#heartbeat >= HEARTBEAT_MS;
    const isSame = page.next === own.position && own.isComplete === !page.isMore;
    if (isSame && !isDue) return false;
    const rows = new Map<string, SharedRow>();
    for (const change of page.changes) {
      const expires = expiryOf(change, this.#settings.agreement.lifetime);
      const key = keyOf(change);
      rows.delete(key);
      rows.set(key, { key, expires, change: JSON.stringify(change) });
    }
    const after: SharedSite = {
      ...own,
      name: this.#settings.name,
      number: own.number + rows.size,
      position: page.next,
      isComplete: !page.isMore,
    };
    try {
      await database.write(own, after, this.#header(), [...rows.values()]);
    } catch (error) {
      this.#own = undefined;
      if (error instanceof ClaimError) return true;
      throw error;
    }
    this.#own = after;
    this.#heartbeat = performance.now();
    if (rows.size > 0) {
      const position = `${after.feed}/${after.number}`;
      await this.#replication.merge({ id: OWN_PEER, from: after.name, changes: [], position });
    }
    return page.isMore;
  }

  async #readAll(database: SharedDatabase, sites: readonly SharedSite[]): Promise<boolean> {
    const { incarnation } = this.#replication.own();
    const others = sites.filter((site) => site.incarnation !== incarnation);
    let isMore = false;
    for (const site of others) {
      this.#note(site);
      isMore = await this.#readSite(database, site) || isMore;
    }
    const ids = new Set(others.map((site) => peerOf(site.incarnation)));
    for (const id of this.#states.keys()) {
      if (ids.has(id) || id === this.#target.url) continue;
      this.#states.delete(id);
      this.#replication.gone(id);
    }
    return isMore;
  }

  #note({ incarnation, header }: SharedSite): void {
    const time = header?.time ?? 0;
    if (this.#lives.get(incarnation)?.time === time) return;
    this.#lives.set(incarnation, { time, at: performance.now() });
  }

  #isSilent({ incarnation, header }: SharedSite, period: number): boolean {
    const life = this.#lives.get(incarnation);
    // Before it was seen to write, its clock tells.
    const isFirst = life === undefined || life.time === header?.time &&
        performance.now() - life.at < HEARTBEAT_MS;
    if (isFirst && header !== undefined && Date.now() - header.time > period) return true;
    return life !== undefined && performance.now() - life.at > period;
  }

  async #readSite(database: SharedDatabase, site: SharedSite): Promise<boolean> {
    const id = peerOf(site.incarnation);
    const before = this.#states.get(id) ?? { id };
    const { header } = site;
    if (header === undefined) {
      this.#report({ ...before, error: `${site.name} writes what this greylag cannot read` });
      return false;
    }
    const isAlive = !this.#isSilent(site, SILENCE_MS);
    const isNew = before.header?.time !== header.time;
    const { error: _error, isRefused: _isRefused, ...rest } = before;
    const state: SiteState = {
      ...rest,
      header,
      ...(isAlive && isNew ? { contact: Date.now(), skew: header.time - Date.now() } : {}),
      ...(isAlive ? {} : { error: "it has not written to the database for a while" }),
    };
    const why = refusal(this.#replication.own(), header);
    if (why !== undefined) {
      this.#report({ ...state, error: why, isRefused: true });
      return false;
    }
    const [feed, number] = this.#replication.position(id).split("/");
    const after = feed === site.feed ? Number(number) : 0;
    const rows = after === site.number
      ? []
      : await database.changes(site.incarnation, after, PAGE_ROWS);
    const isMore = rows.length === PAGE_ROWS;
    if (after !== site.number || feed !== site.feed) {
      const changes = changesIn(rows);
      const reached = isMore
        ? rows.at(-1)!.number
        : Math.max(site.number, rows.at(-1)?.number ?? 0);
      const position = `${site.feed}/${reached}`;
      if (!await this.#replication.merge({ id, from: header.site, changes, position })) {
        this.#report({ ...state, error: "the database of this site does not work" });
        return false;
      }
    }
    const isCurrent = !isMore && isAlive && site.isComplete;
    this.#report(isCurrent ? { ...state, current: Date.now() } : state);
    return isMore;
  }

  async #readChanges(database: SharedDatabase, { incarnation, name }: SharedSite): Promise<void> {
    const id = peerOf(incarnation);
    let after = 0;
    for (;;) {
      const rows = await database.changes(incarnation, after, PAGE_ROWS);
      if (rows.length === 0) return;
      const changes = changesIn(rows);
      const position = this.#replication.position(id);
      if (!await this.#replication.merge({ id, from: name, changes, position })) {
        throw new Error("the database of this site does not work");
      }
      after = rows.at(-1)!.number;
    }
  }

  async #expire(database: SharedDatabase): Promise<void> {
    if (performance.now() < this.#expiry) return;
    const { incarnation } = this.#replication.own();
    const removed = await database.removeExpired(incarnation, Date.now(), EXPIRED_ROWS);
    this.#expiry = performance.now() + (removed === EXPIRED_ROWS ? SECOND : EXPIRY_PERIOD);
  }
}

/** The changes of rows that this version knows. */
function changesIn(rows: readonly { readonly change: string }[]): SharedChange[] {
  return rows.map(({ change }) => readChange(parseJson(change)))
    .filter((one) => one !== undefined);
}
