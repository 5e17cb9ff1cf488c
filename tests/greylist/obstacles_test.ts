import { assertEquals } from "@std/assert";
import type { Reputation } from "../../lib/greylist/model.ts";
import {
  autoWhitelistedAs,
  type Candidate,
  countsAt,
  kindsOf,
  type Obstacle,
  obstacleOf,
} from "../../lib/greylist/reputation.ts";
import type { Rules } from "../../lib/greylist/rules.ts";
import { DAY, RULES, START } from "./world.ts";

function recordOf(given: Partial<Reputation>): Reputation {
  const times = { updated: START, firstSeen: START, lastSeen: START };
  return {
    retried: given.total ?? 0,
    abandoned: 0,
    total: 0,
    lastRetried: START,
    lastAbandoned: 0,
    ...times,
    ...given,
  };
}

const domains = (count: number, since: number) =>
  Array.from({ length: count }, (_, at) => ({ domain: `d${at}.example`, since }));

Deno.test("a reputation that does not auto-whitelist has one obstacle", () => {
  type Row = [Candidate["kind"], Partial<Reputation>, Partial<Rules>, Obstacle | undefined];
  const table: Row[] = [
    ["address", { total: 5 }, {}, undefined],
    ["address", { total: 4 }, {}, "few"],
    ["address", { total: 5 }, { autoWhitelistClients: 0 }, "off"],
    ["address", { total: 9, lastSeen: START - 37 * DAY }, {}, "unknown"],
    ["address", { total: 9, abandoned: 1 }, {}, undefined],
    ["address", { total: 9, abandoned: 2 }, {}, "abandoned"],
    ["address", { total: 9, updated: START - 90 * DAY }, {}, "stale"],
    ["host", { total: 1 }, {}, undefined],
    ["host", { total: 1 }, { autoWhitelistDomains: 2 }, "few"],
    ["host", { total: 1 }, { autoWhitelistDomains: 0 }, "off"],
    ...(["domain", "unnamed-host"] as const).flatMap((kind): Row[] => [
      [kind, { total: 2 }, {}, undefined],
      [kind, { total: 1 }, {}, "few"],
      [kind, { total: 1, firstSeen: START - 7 * DAY }, {}, undefined],
      [kind, { total: 1, firstSeen: START - 6 * DAY }, {}, "few"],
      [kind, { total: 1, firstSeen: START - 7 * DAY, abandoned: 1 }, {}, "abandoned"],
      [kind, { total: 2, updated: START - 61 * DAY }, {}, "stale"],
      [kind, { total: 2 }, { autoWhitelistDomains: 0 }, "off"],
    ]),
    ["organisation", { total: 12 }, {}, undefined],
    ["organisation", { total: 11 }, {}, "unproven"],
    ["organisation", { total: 12 }, { autoWhitelistDomains: 0 }, "off"],
    ["provider", { total: 3, domains: domains(3, START - 7 * DAY) }, {}, undefined],
    ["provider", { total: 3, domains: domains(2, START - 7 * DAY) }, {}, "domains"],
    ["provider", { total: 3, domains: domains(3, START - 6 * DAY) }, {}, "domains"],
    ["provider", { total: 2, domains: domains(2, START - 7 * DAY) }, {}, "few"],
  ];
  for (const [kind, given, rules, expected] of table) {
    const candidate = { name: "x", kind };
    const found = obstacleOf(candidate, recordOf(given), { ...RULES, ...rules }, START);
    assertEquals(found, expected, `${kind} ${JSON.stringify(given)} ${JSON.stringify(rules)}`);
  }
  assertEquals(obstacleOf({ name: "x", kind: "address" }, undefined, RULES, START), "unknown");
});

Deno.test("the name of a reputation tells its kinds, and the widest that is good enough counts", () => {
  const table: [string, readonly Candidate["kind"][]][] = [
    ["ip:192.0.2.1", ["address"]],
    ["ip:192.0.2.1 example.org", ["host"]],
    ["net:192.0.2.0/24 example.org", ["domain"]],
    ["spf:example.org", ["domain"]],
    ["org:mail.example.org", ["organisation", "domain"]],
    ["via:_spf.example.org", ["provider"]],
    ["correspondent:example.org", []],
  ];
  for (const [name, kinds] of table) assertEquals(kindsOf(name), kinds, name);
  const kindWith = (name: string, total: number) =>
    autoWhitelistedAs({ name, ...recordOf({ total }) }, RULES, START);
  assertEquals(kindWith("ip:192.0.2.1 example.org", 1), "host");
  assertEquals(kindWith("org:example.org", 1), undefined);
  assertEquals(kindWith("org:example.org", 2), "domain");
  assertEquals(kindWith("org:example.org", 30), "organisation");
  assertEquals(kindWith("ip:192.0.2.1", 1), undefined);
  assertEquals(kindWith("correspondent:example.org", 99), undefined);
});

Deno.test("counts halve in 30 days", () => {
  const record = recordOf({ total: 8, abandoned: 2 });
  assertEquals(countsAt(record, START + 30 * DAY), { retried: 4, abandoned: 1 });
});
