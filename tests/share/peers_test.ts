import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import {
  converged,
  LIMITS,
  peersOf,
  retryElsewhere,
  type SiteDaemon,
  untilKnown,
  withSites,
} from "./sites.ts";

Deno.test("a retry at another site passes, and an entry of one site counts at all", () =>
  inDirectory(async (directory) => {
    const sites = await peersOf(directory, ["mx1", "mx2", "mx3"]);
    await withSites(sites, async () => {
      const [one, two, three] = sites as [SiteDaemon, SiteDaemon, SiteDaemon];
      await retryElsewhere(sites);
      await untilKnown("the third site knows the relation", three);

      assertEquals((await one.run("allow", "192.0.2.77")).code, 0);
      await eventually("the command shows the other sites", async () => {
        const { sites: shown } = JSON.parse((await one.run("sites", "--json")).out);
        const names = shown.map(({ name }: { name: string | null }) => name).sort();
        return names.join() === "mx2,mx3";
      }, { ...LIMITS, period: 500 });
      const metrics = await (await fetch(`http://127.0.0.1:${one.port}/metrics`)).text();
      assertMatch(metrics, /greylag_share_up{site="mx2"} 1\n/);
      assertMatch(metrics, /greylag_share_unread_rows{site="mx2"} \d+\n/);
      const client = { client_address: "192.0.2.77", sender: "x@example.com" };
      await untilKnown("the entry counts at another site", two, client);
      await converged(sites);
    });
  }));

Deno.test("sites that were apart converge, and a site that was killed goes on where it was", () =>
  inDirectory(async (directory) => {
    const sites = await peersOf(directory, ["mx1", "mx2"]);
    await withSites(sites, async () => {
      const [one, two] = sites as [SiteDaemon, SiteDaemon];
      await two.daemon.waitFor("sharing with mx1");
      await one.daemon.waitFor("sharing with mx2");
      await two.kill();
      for (let at = 0; at < 20; at++) {
        assertMatch(await one.daemon.ask({ sender: `${at}@example.org` }), /DEFER/);
      }
      await one.daemon.waitFor("not sharing with mx2");
      await two.start();
      await converged(sites);
      assertEquals(two.store().size().pending, 20);
    });
  }));

Deno.test("a site without the secret reads nothing", () =>
  inDirectory(async (directory) => {
    const sites = await peersOf(directory, ["mx1", "mx2"]);
    await withSites(sites, async () => {
      const url = `http://127.0.0.1:${sites[0]!.port}/api/v1/changes?after=&site=x`;
      for (const authorization of [undefined, "Bearer x"]) {
        const headers = authorization === undefined ? {} : { authorization };
        const response = await fetch(url, { headers: headers as Record<string, string> });
        assertEquals(response.status, 401);
        await response.body?.cancel();
      }
    });
  }));

Deno.test("sites whose hashes differ are not merged, and both say why", () =>
  inDirectory(async (directory) => {
    const sites = await peersOf(directory, ["mx1", "mx2"], "--privacy=true");
    await withSites(sites, async () => {
      await sites[0]!.daemon.waitFor(/not sharing with mx2: it hides addresses with another key/);
      await sites[0]!.daemon.ask();
      await pause(1000);
      assertEquals(sites[1]!.store().size().pending, 0);
    });
    for (const site of sites) await Deno.remove(`${directory}/${site.name}`, { recursive: true });
    const key = crypto.getRandomValues(new Uint8Array(32));
    for (const { name } of sites) {
      await Deno.mkdir(`${directory}/${name}`);
      await Deno.writeFile(`${directory}/${name}/greylag.db.key`, key);
    }
    await withSites(sites, async () => {
      await sites[0]!.daemon.waitFor("sharing with mx2");
      await sites[0]!.daemon.ask();
      await converged(sites);
      assertEquals(sites[1]!.store().size().pending, 1);
    });
  }));

Deno.test("a site restored from a backup takes another incarnation, and nothing is lost", () =>
  inDirectory(async (directory) => {
    const sites = await peersOf(directory, ["mx1", "mx2"]);
    const [one, two] = sites as [SiteDaemon, SiteDaemon];
    await withSites(sites, async () => {
      await one.daemon.ask({ sender: "before@example.org" });
      await converged(sites);
      await one.stop();
      await Deno.copyFile(one.database, `${directory}/backup`);
      await one.start();
      for (const name of ["1", "2", "3"]) await one.daemon.ask({ sender: `${name}@example.org` });
      await converged(sites);
      await one.stop();
      // In place, so that the file stays the same.
      await Deno.writeFile(one.database, await Deno.readFile(`${directory}/backup`));
      for (const end of ["-wal", "-shm"]) await Deno.remove(one.database + end).catch(() => {});
      await one.start();
      await converged(sites);
      assertEquals(one.store().size().pending, 4);
      await one.daemon.ask({ sender: "after@example.org" });
      await converged(sites);
      assertEquals(two.store().size().pending, 5);
    });
  }));

Deno.test("a secret that cannot be read stops no mail", () =>
  inDirectory(async (directory) => {
    const [site] = await peersOf(directory, ["mx1", "mx2"]);
    await Deno.remove(`${directory}/share.key`);
    await withSites([site!], async () => {
      assertMatch(await site!.daemon.ask(), /DEFER/);
      assertStringIncludes(site!.daemon.log, "not sharing with other sites");
    });
  }));
