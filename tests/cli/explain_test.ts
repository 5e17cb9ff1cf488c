import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Change, Reputation } from "../../lib/greylist/model.ts";
import { openStore } from "../../lib/store/open.ts";
import { withDnsServer, type Zone } from "../dns_server.ts";
import { withDatabase } from "./database.ts";

Deno.test("explain shows each step and stores nothing", async () => {
  await withDatabase(async (greylag, path) => {
    const now = Date.now();
    const store = openStore({ database: path, privacy: false });
    const network = "net:192.0.2.0/24";
    store.greylist.exchange(() => [{
      kind: "pending",
      key: { sender: "alice@example.org", recipient: "bob@example.net" },
      network,
      record: {
        network,
        origins: ["ip:192.0.2.7", network],
        firstSeen: now - 3_600_000,
        lastSeen: now,
        tries: 1,
        expires: now + 3_600_000,
      },
    }]);
    store.close();
    const before = await Deno.readFile(path);
    const request = [
      "--client=192.0.2.10",
      "--name=mail.example.org",
      "--sender=Alice@example.org",
      "--recipient=bob+x@example.net",
    ];
    const { code, out } = await greylag("explain", ...request);
    assertEquals(code, 0);
    assertStringIncludes(out, "192.0.2.10, mail.example.org, a name of its own");
    assertStringIncludes(out, "net:192.0.2.0/24, first tried 1h ago, deferred 1 time; net:192.0.2");
    assertStringIncludes(out, "ip:192.0.2.10 (address): no retried messages");
    assertStringIncludes(out, "compared as bob@example.net");
    assertStringIncludes(out, "pass, retried.");
    assertEquals(await Deno.readFile(path), before);

    await greylag("block", "example.org", "--client");
    const blocked = JSON.parse((await greylag("explain", ...request, "--json")).out);
    assertEquals([blocked.verdict.decision, blocked.verdict.reason], ["reject", "blocked"]);
    assertStringIncludes(JSON.stringify(blocked.steps), "block, general: entry 1");
    const hits = JSON.parse((await greylag("list", "--json")).out)[0].hits;
    assertEquals(hits, 0);
  });
});

/** Explains an attempt with settings, records and DNS of a test. */
async function explained(
  { settings = "", changes = [], zone = {} }: {
    settings?: string;
    changes?: readonly Change[];
    zone?: Zone;
  },
  ...given: string[]
): Promise<string> {
  let text = "";
  await withDatabase((greylag, path) =>
    withDnsServer(zone, async (server) => {
      const store = openStore({ database: path, privacy: false });
      store.greylist.exchange(() => changes);
      store.close();
      await Deno.writeTextFile(`${path}.toml`, `dns_servers = ["${server}"]\n${settings}`);
      const args = [`--config=${path}.toml`, "--recipient=bob@example.net", ...given];
      const { code, out, err } = await greylag("explain", ...args);
      assertEquals([code, err], [0, ""]);
      text = out;
    })
  );
  return text;
}

const MAIL = ["--client=5.6.7.8", "--name=mail.example.org", "--sender=alice@example.org"];
const DEAD_CLIENT = ["--client=5.6.7.8", "--sender=alice@example.org"];

function reputation(key: string, given: Partial<Reputation>): Change {
  const now = Date.now();
  const times = { updated: now, firstSeen: now, lastSeen: now, lastRetried: now, lastAbandoned: 0 };
  return {
    kind: "reputation",
    key,
    record: { retried: 0, abandoned: 0, total: 0, ...times, ...given },
  };
}

Deno.test("explain shows SPF, the DNS lists, reputations and what would change the verdict", async () => {
  const zone = {
    "example.org": { txt: "v=spf1 include:_spf.provider.example -all" },
    "_spf.provider.example": { txt: "v=spf1 ip4:5.6.7.0/24 -all" },
    "2.0.0.127.bl.example": { a: ["127.0.0.2"] },
    "8.7.6.5.bl.example": { a: ["127.0.0.4"] },
  };
  const text = await explained({
    settings: 'dns_lists = ["bl.example*4:reject", "other.example"]\n',
    zone,
    changes: [
      reputation("ip:5.6.7.8", { retried: 3, total: 3 }),
      reputation("spf:example.org", { retried: 2, total: 2, abandoned: 2 }),
      reputation("correspondent:example.org", {}),
    ],
  }, ...MAIL);
  for (
    const part of [
      "mode           auto: suspicious clients are greylisted, since a DNSBL answers",
      "for example.org, which identifies the client; the record of _spf.provider.example names it",
      "bl.example: listed (127.0.0.4), weight 4, action reject",
      "other.example: not listed; it does not list its test address",
      "ip:5.6.7.8 (address): 3 retried of 5 needed, now worth 3.0, 0.0 abandoned: no, too few",
      "spf:example.org (domain): 2 retried of 2 needed, now worth 2.0, 2.0 abandoned: no, more than",
      "via:_spf.provider.example (provider): no retried messages",
      "local users wrote to example.org now; the client belongs to it",
      "defer, new, 300s to wait",
      "A retry is rejected while bl.example lists the client",
      "greylag release alice@example.org bob@example.net accepts the next attempt",
    ]
  ) {
    assertStringIncludes(text, part);
  }
});

Deno.test("explain names the class of the client's name and the wait that follows from it", async () => {
  const text = await explained({}, "--name=host-5-6-7-8.example.net", ...DEAD_CLIENT);
  assertStringIncludes(
    text,
    "generic unless the sender's SPF agrees: The name contains the address",
  );
  assertStringIncludes(text, "The client has a generic name and waits 5m (delay_suspicious)");
  assertMatch(
    text,
    /A retry after (?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d passes, from ip:5\.6\.7\.8, net:5\.6\.7\.0\/24/,
  );
  assertStringIncludes(text, "2 more retried messages auto-whitelist ip:5.6.7.8 example.org.");
  const named = await explained({}, ...MAIL);
  assertStringIncludes(named, "1 more retried message auto-whitelists ip:5.6.7.8 example.org.");
});

Deno.test("explain says why mail passes and what would stop it", async () => {
  const now = Date.now();
  const table: [Change[], string, string, string][] = [
    [
      [reputation("ip:5.6.7.8", { retried: 9, total: 9 })],
      "",
      "pass, auto-whitelisted",
      "greylag always-greylist 5.6.7.8",
    ],
    [
      [{
        kind: "relation",
        key: { sender: "alice@example.org", recipient: "bob@example.net" },
        record: { origins: ["net:5.6.7.0/24"], firstSeen: now, lastSeen: now },
      }],
      "",
      "pass, known",
      "It stays known until no mail came for 60d (lifetime).",
    ],
    [
      [reputation("ip:5.6.7.8", { trappedUntil: now + 60_000 })],
      "",
      "defer, trap",
      "Its mail is deferred until",
    ],
    [[], 'opt_out = ["bob@example.net"]\n', "pass, not-opted-in", "opt_in and opt_out"],
    [[], 'mode = "shadow"\n', "pass (shadow mode; otherwise defer), new", "A retry after"],
  ];
  for (const [changes, settings, verdict, advice] of table) {
    const text = await explained({ changes, settings }, ...MAIL);
    assertStringIncludes(text, verdict);
    assertStringIncludes(text, advice);
  }
});
