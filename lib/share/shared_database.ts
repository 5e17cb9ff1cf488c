/**
 * The tables `site` and `change` of a database that sites share. Only a site writes its own rows and
 * numbers them, so there are no locks to wait for. Plain SQL and ON CONFLICT only.
 *
 * @module
 */
import type { PostgresClient, Query } from "./postgres_client.ts";
import { headerOf, parseJson, type SiteHeader } from "./wire.ts";

const TABLES = [
  `CREATE TABLE IF NOT EXISTS site (
    incarnation TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    header TEXT NOT NULL,
    feed TEXT NOT NULL,
    number BIGINT NOT NULL,
    position TEXT NOT NULL,
    complete INTEGER NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS change (
    site TEXT NOT NULL,
    key TEXT NOT NULL,
    number BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    change TEXT NOT NULL,
    PRIMARY KEY (site, key)
  )`,
  "CREATE INDEX IF NOT EXISTS change_number ON change (site, number)",
];

/** A site in the database. */
export interface SharedSite {
  readonly incarnation: string;
  readonly name: string;
  /** Undefined if a newer Greylag wrote it in a way that this one cannot read. */
  readonly header: SiteHeader | undefined;
  /** Changes when the numbers of the site begin anew. */
  readonly feed: string;
  /** Of its newest change. */
  readonly number: number;
  /** Up to which the site sent its own changes. */
  readonly position: string;
  /** It had nothing left to send. */
  readonly isComplete: boolean;
}

export interface SharedRow {
  readonly key: string;
  /** Milliseconds since the epoch; undefined for never. */
  readonly expires: number | undefined;
  /** JSON. */
  readonly change: string;
}

const NEVER = 9_000_000_000_000_000;

interface SiteRow {
  incarnation: string;
  name: string;
  header: string;
  feed: string;
  number: string;
  position: string;
  complete: number | string;
}

function siteOf(row: SiteRow): SharedSite {
  return {
    incarnation: row.incarnation,
    name: row.name,
    header: headerOf(parseJson(row.header)),
    feed: row.feed,
    number: Number(row.number),
    position: row.position,
    isComplete: Number(row.complete) === 1,
  };
}

/** Another process wrote the row of this site. */
export class ClaimError extends Error {}

export class SharedDatabase {
  readonly #client: PostgresClient;

  constructor(client: PostgresClient) {
    this.#client = client;
  }

  async createTables(): Promise<void> {
    // CREATE TABLE IF NOT EXISTS is an error where the user may not create, also if the table exists.
    try {
      await this.sites();
      await this.#client.run((sql) => sql`SELECT number FROM change LIMIT 1`);
    } catch {
      for (const table of TABLES) await this.#client.run((sql) => sql.unsafe(table));
    }
  }

  async sites(): Promise<SharedSite[]> {
    const rows = await this.#client.run((sql) =>
      sql<SiteRow[]>`
        SELECT incarnation, name, header, feed, number, position, complete FROM site ORDER BY name`
    );
    return rows.map(siteOf);
  }

  /** Adds the row of a site that is not there. */
  async add(site: SharedSite, header: SiteHeader): Promise<void> {
    const { incarnation, name, feed, number, position } = site;
    const text = JSON.stringify(header);
    await this.#client.run((sql) =>
      sql`
        INSERT INTO site (incarnation, name, header, feed, number, position, complete)
        VALUES (${incarnation}, ${name}, ${text}, ${feed}, ${number}, ${position}, 0)
        ON CONFLICT (incarnation) DO NOTHING`
    );
  }

  /** Removes a site and its changes, a part at a time. */
  async remove(incarnation: string): Promise<void> {
    await this.#client.run((sql) => sql`DELETE FROM site WHERE incarnation = ${incarnation}`);
    let removed: number;
    do {
      removed = await this.#client.run(async (sql) =>
        (await sql`
          DELETE FROM change WHERE site = ${incarnation} AND key IN
            (SELECT key FROM change WHERE site = ${incarnation} LIMIT 2000)`).count
      );
    } while (removed > 0);
  }

  /**
   * Writes changes and the new state of their site in one transaction.
   *
   * @param before the state that the site read.
   * @throws {ClaimError} if another process wrote it meanwhile.
   */
  async write(
    before: SharedSite,
    after: SharedSite,
    header: SiteHeader,
    rows: readonly SharedRow[],
  ): Promise<void> {
    const { incarnation, name, feed, number, position, isComplete } = after;
    const text = JSON.stringify(header);
    await this.#client.transaction(async (sql) => {
      const { count } = await sql`
        UPDATE site SET name = ${name}, header = ${text}, feed = ${feed}, number = ${number},
          position = ${position}, complete = ${isComplete ? 1 : 0}
        WHERE incarnation = ${incarnation} AND feed = ${before.feed} AND number = ${before.number}`;
      if (count !== 1) throw new ClaimError("another process wrote the row of this site");
      if (rows.length > 0) await writeRows(sql, incarnation, number - rows.length + 1, rows);
    });
  }

  /** The changes of a site after a number. */
  async changes(
    incarnation: string,
    after: number,
    limit: number,
  ): Promise<{ readonly number: number; readonly change: string }[]> {
    const rows = await this.#client.run((sql) =>
      sql<{ number: string; change: string }[]>`
        SELECT number, change FROM change WHERE site = ${incarnation} AND number > ${after}
        ORDER BY number LIMIT ${limit}`
    );
    return rows.map(({ number, change }) => ({ number: Number(number), change }));
  }

  /** Removes a part of the expired changes of a site. @returns their number. */
  async removeExpired(incarnation: string, now: number, limit: number): Promise<number> {
    return await this.#client.run(async (sql) =>
      (await sql`
        DELETE FROM change WHERE site = ${incarnation} AND key IN
          (SELECT key FROM change WHERE site = ${incarnation} AND expires < ${now} LIMIT ${limit})`)
        .count
    );
  }
}

async function writeRows(
  sql: Query,
  site: string,
  first: number,
  rows: readonly SharedRow[],
): Promise<void> {
  const values = rows.map(({ key, expires = NEVER, change }, at) => ({
    site,
    key,
    number: first + at,
    expires: Math.min(NEVER, Math.ceil(expires)),
    change,
  }));
  await sql`
    INSERT INTO change ${sql(values, "site", "key", "number", "expires", "change")}
    ON CONFLICT (site, key) DO UPDATE SET
      number = excluded.number, expires = excluded.expires, change = excluded.change`;
}
