import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseDnsList } from "../../lib/dns/dnsbl.ts";
import { SIGNAL_WEIGHTS } from "../../lib/evidence/signals.ts";
import { type Attempt, makeAttempt } from "../../lib/greylist/attempt.ts";
import { parseAddress } from "../../lib/net/network.ts";
import { EvidenceService, type EvidenceSettings } from "../../lib/evidence/service.ts";
import type { Resolver } from "../../lib/spf/check_host.ts";
import { resolverOf, type Zone } from "../spf/zone.ts";
import { eventually, pause } from "../eventually.ts";

const SETTINGS: EvidenceSettings = {
  mode: "all",
  spf: true,
  dnsWait: 100,
  breadth: { ipv4: 10, ipv6: 20 },
  dnsLists: [],
  weights: SIGNAL_WEIGHTS,
  ours: new Set(["mx.example.net"]),
  receiver: "mx.example.net",
};

function attemptOf(given: Partial<Attempt> & { ip?: string; clientName?: string } = {}): Attempt {
  return makeAttempt({
    stage: "RCPT",
    authenticated: false,
    address: parseAddress(given.ip ?? "192.0.2.10")!,
    clientName: given.clientName ?? "mail.example.org",
    heloName: given.heloName ?? "mail.example.org",
    sender: given.sender ?? "alice@example.org",
    recipient: "bob@example.net",
    instance: "",
  });
}

function evidenceServiceOf(
  resolver: Resolver,
  settings: Partial<EvidenceSettings> = {},
  off: string[] = [],
  dropped: () => void = () => {},
): EvidenceService {
  return new EvidenceService(resolver, { ...SETTINGS, ...settings }, {
    listDisabled: (zone, why) => off.push(`${zone}: ${why}`),
    dropped,
  });
}

const ZONE: Zone = {
  "example.org": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] },
  "user.example": { txt: ["v=spf1 exists:%{l}._spf.%{d} exists:%{i}.x.example -all"] },
  "alice._spf.user.example": { a: ["127.0.0.2"] },
  "mail.example.org": { txt: ["v=spf1 a -all"], a: ["192.0.2.10"] },
};

Deno.test("a report is cached for each client and sender's domain", async () => {
  const asked: string[] = [];
  const service = evidenceServiceOf(resolverOf(ZONE, asked));
  assertEquals(service.known(attemptOf()), undefined);
  assertEquals((await service.gather(attemptOf())).spfDomain, "example.org");
  const count = asked.length;
  await service.gather(attemptOf({ sender: "carol@example.org" }));
  assertEquals(service.known(attemptOf())?.spfDomain, "example.org");
  assertEquals(asked.length, count);
  assertEquals(
    (await service.gather(attemptOf({ sender: "a@none.example" }))).spf?.result,
    "none",
  );
  assertEquals((await service.gather(attemptOf({ sender: "" }))).spfDomain, "mail.example.org");
});

Deno.test("a result that depends on the sender's local part is not cached", async () => {
  const service = evidenceServiceOf(resolverOf(ZONE));
  const alice = attemptOf({ sender: "alice@user.example" });
  const report = await service.gather(alice);
  assertEquals(report.spf?.result, "pass");
  assertStringIncludes(report.weakness ?? "", "depends on the sender's local part");
  assertEquals(service.known(alice), undefined);
});

const silent: Resolver = {
  ...resolverOf({}),
  txt: (_name, signal) =>
    new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
};

Deno.test("a request waits no longer than dns_wait", async () => {
  const service = evidenceServiceOf(silent);
  const begin = performance.now();
  const report = await service.gather(attemptOf());
  assert(performance.now() - begin >= 90);
  assertEquals([report.spf, report.spfDomain, report.spfFails], [undefined, undefined, false]);
  assertEquals(service.known(attemptOf()), undefined, "it may be asked again");
});

Deno.test("a background lookup reports its result, from DNS and from the cache", async () => {
  const service = evidenceServiceOf(resolverOf(ZONE));
  const told: unknown[] = [];
  const callback = (report: { spfDomain?: string }) => told.push(report.spfDomain);
  service.gatherInBackground(attemptOf(), callback);
  await eventually("a report", () => told.length === 1, { period: 1 });
  service.gatherInBackground(attemptOf(), callback);
  assertEquals(told, ["example.org", "example.org"]);
  service.stop();
});

Deno.test("a flood of strangers sends no more DNS queries than its share", async () => {
  const asked: string[] = [];
  let dropped = 0;
  const service = evidenceServiceOf(resolverOf({}, asked), {}, [], () => dropped++);
  for (let at = 0; at < 5000; at++) {
    service.gatherInBackground(attemptOf({ sender: `a@d${at}.example` }), () => {});
  }
  await pause(100);
  assert(asked.length <= 11, `${asked.length}`);
  assertEquals(dropped, 5000 - 64 - 1);
  service.stop();
});

Deno.test("in mode suspicious signals and DNS lists add up, and good lists subtract", async () => {
  const lists = ["black.example*3", "white.example=127.0.[0..255].[1..3]*-2", "other.example*9"];
  const zone: Zone = {
    ...ZONE,
    "10.2.0.192.black.example": { a: ["127.0.0.2"] },
    "10.2.0.192.white.example": { a: ["127.0.5.1"] },
  };
  const settings = {
    mode: "suspicious" as const,
    dnsLists: lists.map((text) => parseDnsList(text)!),
  };
  const service = evidenceServiceOf(resolverOf(zone), settings);
  const report = await service.gather(
    attemptOf({ clientName: "unknown", heloName: "mx.example.net", sender: "a@none.example" }),
  );
  assertEquals(report.weighed, [
    { what: "no-name", weight: 4 },
    { what: "helo-ours", weight: 5 },
    { what: "spf-none", weight: 1 },
    { what: "black.example", weight: 3 },
    { what: "white.example", weight: -2 },
  ]);
  assertEquals(report.suspicionScore, 11);
});

Deno.test("a DNS list that lists everything, or refuses to answer, is reported and does not count", async () => {
  const off: string[] = [];
  const zone: Zone = {
    "1.0.0.127.all.example": { a: ["127.0.0.2"] },
    "10.2.0.192.all.example": { a: ["127.0.0.2"] },
    "10.2.0.192.busy.example": { a: ["127.255.255.254"] },
    "10.2.0.192.sold.example": { a: ["192.0.2.80"] },
  };
  const asked: string[] = [];
  const service = evidenceServiceOf(resolverOf(zone, asked), {
    mode: "suspicious",
    spf: false,
    dnsLists: ["all.example*9", "busy.example*9", "sold.example*9"].map((one) =>
      parseDnsList(one)!
    ),
  }, off);
  assertEquals((await service.gather(attemptOf())).suspicionScore, 0);
  assertEquals(off.map((text) => text.split(":")[0]).sort(), [
    "all.example",
    "busy.example",
    "sold.example",
  ]);
  assertStringIncludes(off.join(), "it lists 127.0.0.1");
  await service.gather(attemptOf({ ip: "192.0.2.11" }));
  assertEquals(off.length, 3);
});
