import { assertEquals } from "@std/assert";
import type { SiteState } from "../../lib/share/status.ts";
import { openStore } from "../../lib/store/open.ts";
import { SECOND } from "../../lib/text/duration.ts";
import { inDirectory } from "../daemon.ts";
import { greylag } from "./database.ts";

Deno.test("a site whose state is some seconds old is not behind", async () => {
  const table: [secondsAgo: number, behind: string, state: string][] = [
    [0, "0s", "ok"],
    [4, "0s", "ok"],
    [60, "1m", "behind"],
  ];
  for (const [ago, behind, state] of table) {
    await inDirectory(async (directory) => {
      const database = `${directory}/g.db`;
      const as = { name: "mx1", forgetKey: new Uint8Array(32) };
      const store = openStore({ database, privacy: false, share: { as } });
      const id = "https://mx2.example.net/";
      const current = Date.now() - ago * SECOND;
      const known: SiteState = { id, contact: current, current, skew: 0 };
      store.share.putPeer({ id, position: "", state: JSON.stringify(known) });
      store.close();
      const { out } = await greylag("sites", `--database=${database}`);
      const cells = out.trim().split("\n").at(-1)!.split(/ {2,}/);
      assertEquals([cells.at(-3), cells.at(-1)], [behind, state], out);
    });
  }
});
