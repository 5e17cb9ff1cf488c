import { assertEquals } from "@std/assert";
import { Outbound } from "../../lib/daemon/outbound.ts";
import { parseRequest } from "../../lib/daemon/parsed_request.ts";
import { Connection } from "../../lib/store/connection.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import type { GreylistStore } from "../../lib/store/store.ts";
import { HOUR } from "../../lib/text/duration.ts";
import { policyRequest } from "./request.ts";
import { eventually } from "../eventually.ts";

type Writes = Pick<GreylistStore, "exchange">;

const to = (recipient: string) => parseRequest(policyRequest({ recipient }), 0, "+").attempt!;

/** A store that keeps a list of the domains written, one write an element. */
function recording(): { store: Writes; writes: string[][]; inner: SqliteStore } {
  const inner = new SqliteStore(new Connection(":memory:"));
  const writes: string[][] = [];
  const store: Writes = {
    exchange(judge) {
      inner.greylist.exchange((memory) => {
        const changes = judge(memory);
        writes.push(changes.map(({ key }) => String(key).replace("correspondent:", "")));
        return changes;
      });
    },
  };
  return { store, writes, inner };
}

Deno.test("domains of recipients are written together, each once an hour", () => {
  const { store, writes } = recording();
  const outbound = new Outbound(store);
  for (const one of ["a@example.org", "b@EXAMPLE.org", "c@example.com", "local"]) {
    outbound.learn(to(one), 0);
  }
  outbound.settle();
  outbound.learn(to("a@example.org"), HOUR - 1);
  outbound.settle();
  outbound.learn(to("a@example.org"), HOUR);
  outbound.settle();
  assertEquals(writes, [["example.org", "example.com"], ["example.org"]]);
});

Deno.test("a write happens by itself", async () => {
  const { store, writes } = recording();
  new Outbound(store, 1).learn(to("a@example.org"), 0);
  await eventually("a write", () => writes.length > 0, { period: 1 });
  assertEquals(writes, [["example.org"]]);
});

Deno.test("a domain is seen first when it was first written, and last when it was last", () => {
  const { store, inner } = recording();
  const outbound = new Outbound(store);
  for (const now of [0, 2 * HOUR]) {
    outbound.learn(to("a@example.org"), now);
    outbound.settle();
  }
  const { rows } = inner.greylist.findReputations({ text: "example.org", limit: 9 });
  assertEquals(
    rows.map(({ name, firstSeen, lastSeen }) => [name, firstSeen, lastSeen]),
    [["correspondent:example.org", 0, 2 * HOUR]],
  );
  assertEquals(rows.map(({ retried, total }) => [retried, total]), [[0, 0]], "nothing is earned");
});

Deno.test("a domain that the store did not take is learned from the next mail", () => {
  let isFailing = true;
  let writes = 0;
  const store: Writes = {
    exchange() {
      if (isFailing) throw new DatabaseError("io", "/g.db", "disk I/O error");
      writes++;
    },
  };
  const outbound = new Outbound(store);
  outbound.learn(to("a@example.org"), 0);
  outbound.settle();
  isFailing = false;
  outbound.learn(to("a@example.org"), 1);
  outbound.settle();
  assertEquals(writes, 1);
});

Deno.test("a flood of domains is learned up to the maximum of one write", () => {
  const { store, writes } = recording();
  const outbound = new Outbound(store);
  for (let at = 0; at < 1500; at++) outbound.learn(to(`a@d${at}.example`), 0);
  outbound.settle();
  assertEquals(writes.map(({ length }) => length), [1000]);
});
