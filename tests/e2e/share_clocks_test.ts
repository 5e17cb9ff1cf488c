/** Two sites; the clock of one is 10 s ahead. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import { freePort } from "../free_port.ts";
import { converged, LIMITS, SiteDaemon, withSites } from "../share/sites.ts";

const AHEAD = 10;

/** Debian's package faketime. Timeouts keep their length. */
const CLOCK_AHEAD = {
  LD_PRELOAD: `/usr/lib/${Deno.build.arch}-linux-gnu/faketime/libfaketimeMT.so.1`,
  FAKETIME: `+${AHEAD}s`,
  FAKETIME_DONT_FAKE_MONOTONIC: "1",
  DONT_FAKE_MONOTONIC: "1",
};

async function sitesIn(directory: string): Promise<[right: SiteDaemon, ahead: SiteDaemon]> {
  await Deno.writeTextFile(`${directory}/share.key`, "a secret of the sites of this test\n");
  const share = (port: number) => ["--delay=3s", `--share=http://127.0.0.1:${port}`];
  const ports = [freePort(), freePort()] as const;
  return [
    new SiteDaemon("right", directory, ports[0], share(ports[1])),
    new SiteDaemon("ahead", directory, ports[1], share(ports[0]), { environment: CLOCK_AHEAD }),
  ];
}

/** Attempts until the mail passes. @returns seconds that it took. */
async function untilPassed(site: SiteDaemon, sender: string): Promise<number> {
  const begin = performance.now();
  const isPassed = async () => /PREPEND|DUNNO/.test(await site.daemon.ask({ sender }));
  await eventually(`${sender} passes`, isPassed, { ...LIMITS, period: 200 });
  return (performance.now() - begin) / 1000;
}

Deno.test("clocks that are 10 s apart are reported, and no record is lost or waits longer", () =>
  inDirectory(async (directory) => {
    const sites = await sitesIn(directory);
    const [right, ahead] = sites;
    await withSites(sites, async () => {
      await right.daemon.waitFor("sharing with ahead");
      await ahead.daemon.waitFor("sharing with right");
      // The first measurement includes the start of the other site.
      let metrics = "";
      await eventually(
        "the metrics have the clock of the other site",
        async () => {
          metrics = await (await fetch(`http://127.0.0.1:${right.port}/metrics`)).text();
          const skew = Number(/clock_skew_seconds{site="ahead"} ([\d.-]+)/.exec(metrics)?.[1]);
          return Math.abs(skew - AHEAD) < 1;
        },
        { ...LIMITS, period: 500 },
        () => metrics,
      );
      await eventually("the command shows the clock of the other site", async () => {
        const { sites: shown } = JSON.parse((await right.run("sites", "--json")).out);
        return Math.round(shown[0].clock_skew_seconds) === AHEAD;
      }, { ...LIMITS, period: 500 });
      const page = await (await fetch(`http://127.0.0.1:${right.port}/health`)).text();
      assertMatch(page, /the clock of ahead is (?:9|10|11) s ahead of this one/);

      for (const [first, retried] of [[right, ahead], [ahead, right]] as const) {
        const sender = `first-${first.name}@example.org`;
        assertMatch(await first.daemon.ask({ sender }), /DEFER_IF_PERMIT/);
        await converged(sites);
        const waited = await untilPassed(retried, sender);
        assert(waited < 4, `${sender} waited for ${waited} s at ${retried.name}`);
        await converged(sites);
        await untilPassed(first, sender);
        await pause(200);
      }
      await converged(sites);
      assertEquals(sites.map((site) => site.store().size().relations), [2, 2]);
      assertEquals(sites.map(({ daemon }) => daemon.countReasons().fault ?? 0), [0, 0]);
    });
  }));
