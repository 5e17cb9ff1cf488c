import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { WorkingMemory } from "../../lib/greylist/memory.ts";
import type { Change, PendingKey } from "../../lib/greylist/model.ts";
import { ReplayMemory } from "../../lib/import/replay_memory.ts";

/** As the program makes them: assertEquals compares prototypes. */
const record = <T>(model: { [Name in keyof T]: fc.Arbitrary<T[Name]> }) =>
  fc.record(model, { noNullPrototype: true });

const text = fc.constantFrom("", "a@example.org", "@example.org", "b c@example.net", "1", "1 a");
const key: fc.Arbitrary<PendingKey> = record({ sender: text, recipient: text });
const time = fc.integer({ min: 0, max: 2 ** 42 });
const origins = fc.array(fc.constantFrom("ip:192.0.2.1", "net:192.0.2.0/24", "org:example.org"), {
  maxLength: 4,
});
const network = fc.constantFrom("net:192.0.2.0/24", "net:198.51.100.0/24");

const relation: fc.Arbitrary<Change> = record({
  kind: fc.constant("relation"),
  key,
  record: record({ origins, firstSeen: time, lastSeen: time }),
});

const pending: fc.Arbitrary<Change> = record({
  key,
  network,
  origins,
  times: fc.tuple(time, time, time),
  tries: fc.integer({ min: 1, max: 9 }),
  isRemoved: fc.boolean(),
}).map(({ key, network, origins, times: [firstSeen, lastSeen, expires], tries, isRemoved }) => ({
  kind: "pending",
  key,
  network,
  ...(isRemoved ? {} : { record: { network, origins, firstSeen, lastSeen, tries, expires } }),
}));

const reputation: fc.Arbitrary<Change> = record({
  kind: fc.constant("reputation"),
  key: text,
  record: record({
    retried: time,
    abandoned: time,
    total: time,
    updated: time,
    firstSeen: time,
    lastSeen: time,
    lastRetried: time,
    lastAbandoned: time,
  }),
});

/** In an order that depends on the records only. */
function sorted(changes: readonly Change[]): Change[] {
  const order = (change: Change) =>
    JSON.stringify([change.kind, change.key, "network" in change ? change.network : ""]);
  return changes.toSorted((one, other) => order(one) < order(other) ? -1 : 1);
}

Deno.test("the memory of a replay has the same records as that of the daemon", () => {
  const changes = fc.array(fc.oneof(relation, pending, reputation), { maxLength: 60 });
  fc.assert(fc.property(changes, key, text, (all, key, name) => {
    const [replay, working] = [new ReplayMemory(), new WorkingMemory()];
    for (const change of all) {
      replay.apply([change]);
      working.apply([change]);
    }
    assertEquals(replay.relation(key), working.relation(key));
    assertEquals(replay.pending(key), working.pending(key));
    assertEquals(replay.reputation(name), working.reputation(name));
    const stored = working.stored().filter(({ record }) => record !== undefined);
    assertEquals(sorted([...replay.items()]), sorted(stored));
    assertEquals(replay.size, stored.length);
  }));
});

Deno.test("the arrays of a replay grow with the number of relations", () => {
  const memory = new ReplayMemory();
  const keyOf = (at: number) => ({
    sender: `s${at}@example.org`,
    recipient: `r${at % 7}@example.net`,
  });
  for (let at = 0; at < 5000; at++) {
    const record = {
      origins: [`ip:${at % 99}`, `org:${at}`],
      firstSeen: at,
      lastSeen: 2 ** 41 + at,
    };
    memory.apply([{ kind: "relation", key: keyOf(at), record }]);
  }
  for (const at of [0, 1023, 1024, 4999]) {
    assertEquals(memory.relation(keyOf(at)), {
      origins: [`ip:${at % 99}`, `org:${at}`],
      firstSeen: at,
      lastSeen: 2 ** 41 + at,
    });
  }
});

const MAILS = 40_000;

/** Replays mail of as many senders and prints the bytes that each takes. */
const MEASURE = `
  import { Replay } from "./lib/import/replay.ts";
  import { combine } from "./lib/config/load.ts";
  import { daemonSettings } from "./lib/config/module_settings.ts";
  const { values } = combine({ environment: () => undefined, flags: new Map() });
  const { rules } = daemonSettings(values).engine;
  const used = () => {
    gc();
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  };
  const replay = new Replay({ rules, delay: 300_000, now: 2e12 });
  const add = (at) => replay.add({
    kind: "delivered",
    time: 1e12 + at * 1000,
    address: { family: 4, bytes: [198, 51, at >> 8 & 255, at & 255] },
    clientName: "mail.company" + at + ".example",
    sender: "somebody" + at + "@company" + at + ".example",
    recipient: "recipient" + at % 50 + "@example.net",
  });
  for (let at = 0; at < 1000; at++) add(at);
  const before = used();
  for (let at = 1000; at < 1000 + ${MAILS}; at++) add(at);
  console.log(Math.round((used() - before) / ${MAILS}), replay.items().length);
`;

Deno.test("a mail of an unknown sender takes less than 800 bytes", async () => {
  const path = await Deno.makeTempFile({ dir: ".", prefix: ".replay-", suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, MEASURE);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-all", "--v8-flags=--expose-gc", path],
    }).output();
    const [bytes, records] = new TextDecoder().decode(stdout).split(" ").map(Number);
    assert(records! > 1.5 * MAILS, `${records} records ${new TextDecoder().decode(stderr)}`);
    assert(bytes! < 800, `${bytes} bytes`);
  } finally {
    await Deno.remove(path);
  }
});
