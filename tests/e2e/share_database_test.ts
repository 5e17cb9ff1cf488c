/** Sites that share one database: Debian's PostgreSQL. */
import { assertEquals, assertMatch } from "@std/assert";
import { inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import { converged, databaseSites, LIMITS, type SiteDaemon, withSites } from "../share/sites.ts";
import { withPostgres } from "./postgres.ts";

const PASSWORD = "secret";

Deno.test("a retry at another site passes, and an entry of one site counts at all", () =>
  inDirectory((directory) =>
    withPostgres(directory, PASSWORD, async (postgres) => {
      const sites = await databaseSites(directory, ["mx1", "mx2"], postgres.url, PASSWORD);
      const [one, two] = sites as [SiteDaemon, SiteDaemon];
      await withSites(sites, async () => {
        await two.daemon.waitFor("sharing with mx1");
        assertMatch(await one.daemon.ask(), /DEFER_IF_PERMIT/);
        await converged(sites);
        await pause(1200);
        assertMatch(await two.daemon.ask(), /PREPEND/);
        await converged(sites);
        assertEquals((await one.run("allow", "192.0.2.77")).code, 0);
        const client = { client_address: "192.0.2.77", sender: "x@example.com" };
        await eventually(
          "the entry counts at another site",
          async () => /DUNNO/.test(await two.daemon.ask(client)),
          LIMITS,
        );
        await converged(sites);
      });
    })
  ));
