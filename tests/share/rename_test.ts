import { assert, assertEquals, assertMatch } from "@std/assert";
import { inDirectory } from "../daemon.ts";
import { eventually } from "../eventually.ts";
import { converged, LIMITS, peersOf, SiteDaemon, withSites } from "./sites.ts";

/** The number of the entry for an address, as a command shows it. */
async function entryNumber(site: SiteDaemon, pattern: string): Promise<number | undefined> {
  const { out } = await site.run("list", "--json");
  const entries = JSON.parse(out) as { id: number; pattern: string }[];
  return entries.find((entry) => entry.pattern === pattern)?.id;
}

Deno.test("a renamed site keeps its identity and the numbers of its entries", () =>
  inDirectory(async (directory) => {
    const sites = await peersOf(directory, ["mx1", "mx2"]);
    const [one, two] = sites as [SiteDaemon, SiteDaemon];
    await withSites(sites, async () => {
      await two.daemon.waitFor("sharing with mx1");
      assertEquals((await one.run("allow", "192.0.2.77")).code, 0);
      assertMatch(await one.daemon.ask(), /DEFER/);
      await converged(sites);
      const number = await entryNumber(one, "192.0.2.77");
      assert(number !== undefined && number > 10_000, String(number));
      const { incarnation } = one.store().share.site()!;
      await one.stop();

      await Deno.rename(`${directory}/mx1`, `${directory}/mx9`);
      const renamed = new SiteDaemon("mx9", directory, one.port, one.args);
      await withSites([renamed], async () => {
        assertEquals(renamed.store().share.site(), { incarnation, name: "mx9" });
        await eventually("the other site shows the new name", async () => {
          const { sites: shown } = JSON.parse((await two.run("sites", "--json")).out);
          return shown.map(({ name }: { name: string }) => name).join() === "mx9";
        }, { ...LIMITS, period: 500 });
        assertEquals(await entryNumber(renamed, "192.0.2.77"), number);
        assertEquals(await entryNumber(two, "192.0.2.77"), number);
        assertEquals((await renamed.run("allow", "192.0.2.78")).code, 0);
        assertMatch(await renamed.daemon.ask({ sender: "after@example.org" }), /DEFER/);
        await converged([renamed, two]);
        assertEquals(
          await entryNumber(two, "192.0.2.78"),
          await entryNumber(renamed, "192.0.2.78"),
        );
        assertEquals(two.store().size().pending, 2);
      });
    });
  }));
