/** Faults of the database between sites. */
import { assertEquals, assertMatch } from "@std/assert";
import { inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import { converged, databaseSites, type SiteDaemon, withSites } from "../share/sites.ts";
import { type Postgres, withPostgres } from "./postgres.ts";

const PASSWORD = "secret";

async function withTwoSites(
  test: (postgres: Postgres, one: SiteDaemon, two: SiteDaemon, directory: string) => Promise<void>,
): Promise<void> {
  await inDirectory((directory) =>
    withPostgres(directory, PASSWORD, async (postgres) => {
      const sites = await databaseSites(directory, ["mx1", "mx2"], postgres.url, PASSWORD);
      const [one, two] = sites as [SiteDaemon, SiteDaemon];
      await withSites(sites, async () => {
        await one.daemon.waitFor("sharing with mx2");
        await two.daemon.waitFor("sharing with mx1");
        await test(postgres, one, two, directory);
        assertEquals([one, two].map(({ daemon }) => daemon.countReasons().fault ?? 0), [0, 0]);
      });
    })
  );
}

async function deferAt(site: SiteDaemon, name: string): Promise<void> {
  for (let at = 0; at < 5; at++) {
    const begin = performance.now();
    assertMatch(await site.daemon.ask({ sender: `${name}${at}@example.org` }), /DEFER/);
    assertEquals(performance.now() - begin < 500, true);
  }
}

Deno.test("a database that is killed, and one that hangs, delay no answer", () =>
  withTwoSites(async (postgres, one, two) => {
    await postgres.kill();
    await one.daemon.waitFor("not sharing with postgres");
    await deferAt(one, "killed");
    await postgres.up();
    await converged([one, two]);
    await postgres.signal("STOP");
    await deferAt(one, "hung");
    await pause(4000);
    await deferAt(two, "late");
    await postgres.signal("CONT");
    await converged([one, two]);
    assertEquals(two.store().size().pending, 15);
  }));

Deno.test("a database restored from an older backup gets what it lacks", () =>
  withTwoSites(async (postgres, one, two, directory) => {
    await deferAt(one, "before");
    await converged([one, two]);
    const backup = `${directory}/postgres/backup`;
    await postgres.dump(backup);
    await deferAt(one, "after");
    await converged([one, two]);
    await pause(1000);
    await postgres.restore(backup);
    await deferAt(one, "restored");
    await converged([one, two]);
    const [third] = await databaseSites(directory, ["mx3"], postgres.url, PASSWORD);
    await withSites([third!], () => converged([one, two, third!]));
  }));

Deno.test("a site that has left is removed from the database", () =>
  withTwoSites(async (postgres, one, two) => {
    await deferAt(two, "left");
    await converged([one, two]);
    await two.stop();
    await pause(6000);
    assertEquals((await one.run("sites", "remove", "mx2")).code, 0);
    await pause(8000);
    await eventually(
      "the site is removed",
      async () => await postgres.sql("SELECT name FROM site") === "mx1",
      { period: 500 },
    );
    assertEquals(one.store().size().pending, 5);
    await two.start();
  }));
