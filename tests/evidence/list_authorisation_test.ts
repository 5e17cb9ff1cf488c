import { assert, assertEquals } from "@std/assert";
import { ListAuthorisation } from "../../lib/evidence/list_authorisation.ts";
import type { Resolver } from "../../lib/spf/check_host.ts";
import { resolverOf, type Zone } from "../spf/zone.ts";

const ZONE: Zone = { "example.org": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] } };
const ADDRESS = "192.0.2.10";
const DOMAINS = ["example.org", "none.example"];

const silent: Resolver = {
  ...resolverOf({}),
  txt: (_name, signal) =>
    new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
};

Deno.test("the domains that authorise a client are known once all of them were looked up", async () => {
  const asked: string[] = [];
  const authorisation = new ListAuthorisation(resolverOf(ZONE, asked), 1000);
  assertEquals(authorisation.known(ADDRESS, DOMAINS), undefined);
  assertEquals([...await authorisation.lookUp(ADDRESS, DOMAINS)], ["example.org"]);
  assertEquals([...authorisation.known(ADDRESS, DOMAINS)!], ["example.org"]);
  assertEquals(authorisation.known(ADDRESS, [...DOMAINS, "other.example"]), undefined);
  assertEquals(authorisation.known("192.0.2.11", DOMAINS), undefined);
  assertEquals(authorisation.known(ADDRESS, []), new Set());
  const queries = asked.length;
  await authorisation.lookUp(ADDRESS, DOMAINS);
  assertEquals(asked.length, queries);
});

Deno.test("a domain whose DNS is silent authorises nobody, and is asked again", async () => {
  const authorisation = new ListAuthorisation(silent, 60_000);
  authorisation.configure(20);
  const begin = performance.now();
  assertEquals(await authorisation.lookUp(ADDRESS, DOMAINS), new Set());
  assert(performance.now() - begin < 10_000);
  assertEquals(authorisation.known(ADDRESS, DOMAINS), undefined);
});
