/** Sites that share a database of Debian's PostgreSQL over TLS, and over a Unix socket. */
import { assert, assertMatch } from "@std/assert";
import { inDirectory } from "../daemon.ts";
import { databaseSites, retryElsewhere, withSites } from "../share/sites.ts";
import { makeCertificates } from "./certificates.ts";
import { type Postgres, withPostgres } from "./postgres.ts";

const PASSWORD = "secret";

/** PostgreSQL that has a certificate for `localhost` and accepts no connection in clear. */
function withTls(test: (postgres: Postgres, directory: string) => Promise<void>): Promise<void> {
  return inDirectory((directory) =>
    withPostgres(directory, PASSWORD, async (postgres) => {
      await makeCertificates(directory);
      await postgres.useTls(directory);
      await test(postgres, directory);
    })
  );
}

async function refused(
  directory: string,
  url: string,
  expected: RegExp,
  ...args: string[]
): Promise<void> {
  const [site] = await databaseSites(directory, ["mx1"], url, PASSWORD, ...args);
  await withSites([site!], async () => {
    await site!.daemon.waitFor(expected);
    assertMatch(await site!.daemon.ask({ sender: `${Math.random()}@example.org` }), /DEFER/);
    assert(!site!.daemon.log.includes("sharing with mx"), site!.daemon.log);
  });
}

Deno.test("sites share over TLS, with a certificate from a private CA", () =>
  withTls(async (postgres, directory) => {
    const url = `${postgres.urlOf("localhost")}?sslmode=verify-full`;
    const args = [`--share-ca-file=${directory}/ca.pem`];
    const sites = await databaseSites(directory, ["mx1", "mx2"], url, PASSWORD, ...args);
    await withSites(sites, () => retryElsewhere(sites));
  }));

Deno.test("a server whose certificate is not trusted gets no password, and the log says what to do", () =>
  withTls(async (postgres, directory) => {
    const own = `--share-ca-file=${directory}/ca.pem`;
    await Deno.mkdir(`${directory}/other`);
    await makeCertificates(`${directory}/other`);
    const verified = `${postgres.urlOf("localhost")}?sslmode=verify-full`;
    await refused(directory, verified, /not sharing with .*set share_ca_file to its certificate/);
    const other = `--share-ca-file=${directory}/other/ca.pem`;
    await refused(directory, verified, /not sharing with .*set share_ca_file to its cert/, other);
    // A certificate for localhost is none for an address.
    const byAddress = `${postgres.url}?sslmode=verify-full`;
    await refused(directory, byAddress, /not sharing with .*certificate is for another name/, own);
  }));

Deno.test("a server without TLS gets no password if its certificate is to be verified", () =>
  inDirectory((directory) =>
    withPostgres(directory, PASSWORD, async (postgres) => {
      const url = `${postgres.urlOf("localhost")}?sslmode=verify-full`;
      await refused(directory, url, /not sharing with .*the server may not support TLS/);
    })
  ));

Deno.test("sites share over the Unix socket of PostgreSQL", () =>
  inDirectory((directory) =>
    withPostgres(directory, PASSWORD, async (postgres) => {
      const sites = await databaseSites(directory, ["mx1", "mx2"], postgres.socketUrl, PASSWORD);
      await withSites(sites, () => retryElsewhere(sites));
    })
  ));
