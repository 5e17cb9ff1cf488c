/** Sites that share one database: Debian's PostgreSQL. */
import { assertEquals } from "@std/assert";
import { inDirectory } from "../daemon.ts";
import {
  converged,
  databaseSites,
  retryElsewhere,
  type SiteDaemon,
  untilKnown,
  withSites,
} from "../share/sites.ts";
import { withPostgres } from "./postgres.ts";

const PASSWORD = "secret";

Deno.test("a retry at another site passes, and an entry of one site counts at all", () =>
  inDirectory((directory) =>
    withPostgres(directory, PASSWORD, async (postgres) => {
      const sites = await databaseSites(directory, ["mx1", "mx2"], postgres.url, PASSWORD);
      const [one, two] = sites as [SiteDaemon, SiteDaemon];
      await withSites(sites, async () => {
        await retryElsewhere(sites);
        assertEquals((await one.run("allow", "192.0.2.77")).code, 0);
        const client = { client_address: "192.0.2.77", sender: "x@example.com" };
        await untilKnown("the entry counts at another site", two, client);
        await converged(sites);
      });
    })
  ));
