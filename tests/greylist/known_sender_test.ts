import { assertEquals } from "@std/assert";
import { makeAttempt, UNLISTED } from "../../lib/greylist/attempt.ts";
import { decide } from "../../lib/greylist/decide.ts";
import { NO_EVIDENCE } from "../../lib/greylist/evidence.ts";
import {
  KNOWN_SENDERS_MARK,
  knownDomainKey,
  knownSenderKey,
  knownSenderKeys,
} from "../../lib/greylist/known_sender.ts";
import { WorkingMemory } from "../../lib/greylist/memory.ts";
import { keyText, type RelationKey } from "../../lib/greylist/model.ts";
import { originsOf } from "../../lib/greylist/origins.ts";
import { seen } from "../../lib/greylist/reputation.ts";
import { parseAddress } from "../../lib/net/network.ts";
import { DAY, HOUR } from "../../lib/text/duration.ts";
import { RULES } from "./world.ts";

const NOW = 1_700_000_000_000;
const NET = "net:192.0.2.0/24";

const attemptOf = (sender: string, recipient = "bob@example.net", client = "192.0.2.7") =>
  makeAttempt({
    stage: "RCPT",
    authenticated: false,
    address: parseAddress(client)!,
    clientName: "unknown",
    heloName: "",
    sender,
    recipient,
    instance: "",
  }, "+");

Deno.test("a sender has a key in common with what sqlgrey makes of it", () => {
  const table: [sender: string, stored: string][] = [
    ["First.Last@x.example", "first.last@x.example"],
    ["user12345@x.example", "user12345@x.example"],
    ["a+list@x.example", "a@x.example"],
    ["john.abe@x.example", "john.#@x.example"],
    ["ab12.smith@x.example", "#.smith@x.example"],
    ["bounce-4711-x@x.example", "bounce-#@x.example"],
    ["notice-return-xyz@x.example", "notice-return-#@x.example"],
    ["dumbo.smith@x.example", "dumbo.#@x.example"],
    ["news-bob@x.example", "news-RCPT@x.example"],
    ["list-bob=example.net@x.example", "list-RCPT@x.example"],
    ["prvs=0123456789=carol@x.example", "prvs=#=carol@x.example"],
    ["prvs=carol=0123456789@x.example", "prvs=carol=#@x.example"],
    ["SRS0=a1b2=C3=y.example=carol@x.example", "srs0=#=#=y.example=carol@x.example"],
    ["", ""],
  ];
  for (const [sender, stored] of table) {
    const attempt = attemptOf(sender);
    const origins = originsOf(attempt, attempt.senderDomain, NO_EVIDENCE, RULES);
    const texts = knownSenderKeys(attempt, origins).map(keyText);
    for (const origin of [NET, "ip:192.0.2.7"]) {
      const key = keyText(knownSenderKey(stored, origin));
      assertEquals(texts.includes(key), true, `${sender}: ${key} of ${texts.join()}`);
    }
  }
});

function memoryWith(key: RelationKey, origin: string, since = NOW): WorkingMemory {
  const memory = new WorkingMemory();
  const record = { origins: [origin], firstSeen: since, lastSeen: since };
  memory.apply([
    { kind: "relation", key, record },
    { kind: "reputation", key: KNOWN_SENDERS_MARK, record: seen(undefined, since) },
  ]);
  return memory;
}

function verdictOf(
  memory: WorkingMemory,
  attempt: ReturnType<typeof attemptOf>,
  { now = NOW, isListed = false } = {},
): string {
  const evidence = {
    ...NO_EVIDENCE,
    listings: { ...NO_EVIDENCE.listings, isListed },
  };
  const about = { attempt, listing: UNLISTED, evidence, listsAreFresh: true };
  const decision = decide(about, memory, RULES, now);
  if ("ask" in decision) return decision.ask;
  memory.apply(decision.changes);
  return decision.verdict.reason;
}

Deno.test("a known sender is known for any recipient, from its network only", () => {
  const key = knownSenderKey("alice@x.example", NET);
  const reasonOf = (...args: Parameters<typeof attemptOf>) =>
    verdictOf(memoryWith(key, NET), attemptOf(...args));
  assertEquals(reasonOf("Alice@X.example"), "known");
  assertEquals(reasonOf("alice@x.example", "eve@example.net"), "known");
  assertEquals(reasonOf("alice@x.example", "bob@example.net", "192.0.2.8"), "known");
  assertEquals(reasonOf("alice@x.example", "bob@example.net", "192.0.3.7"), "new");
  assertEquals(reasonOf("carol@x.example"), "new");
});

Deno.test("a known domain is known for any sender", () => {
  const memory = () => memoryWith(knownDomainKey("X.example", "ip:192.0.2.7"), "ip:192.0.2.7");
  assertEquals(verdictOf(memory(), attemptOf("anybody@x.example")), "known");
  assertEquals(verdictOf(memory(), attemptOf("anybody@sub.x.example")), "new");
  assertEquals(
    verdictOf(memory(), attemptOf("anybody@x.example", "bob@example.net", "192.0.2.8")),
    "new",
  );
});

Deno.test("of a client on a DNS list only the exact address counts", () => {
  const attempt = attemptOf("alice@x.example");
  for (const [origin, reason] of [[NET, "new"], ["ip:192.0.2.7", "known"]] as const) {
    const memory = memoryWith(knownSenderKey("alice@x.example", origin), origin);
    assertEquals(verdictOf(memory, attempt, { isListed: true }), reason, origin);
  }
});

Deno.test("use renews what is known for any recipient", () => {
  const key = knownSenderKey("alice@x.example", NET);
  const memory = memoryWith(key, NET);
  const half = RULES.lifetime / 2 + HOUR;
  for (let step = 1; step <= 4; step++) {
    const attempt = attemptOf("alice@x.example", `user-x${"abcd"[step - 1]}@example.net`);
    assertEquals(verdictOf(memory, attempt, { now: NOW + step * half }), "known");
  }
  const late = { now: NOW + 4 * half + RULES.lifetime + DAY };
  assertEquals(verdictOf(memory, attemptOf("alice@x.example", "eve@example.net"), late), "new");
});

Deno.test("a recipient cannot be mistaken for any recipient", () => {
  const memory = memoryWith(knownSenderKey("x@other.example", NET), NET);
  for (const recipient of [`ANY ${NET}`, `any ${NET}`]) {
    const { relationKeys } = attemptOf("alice@x.example", recipient);
    for (const key of relationKeys) {
      memory.apply([{
        kind: "relation",
        key,
        record: { origins: [NET], firstSeen: NOW, lastSeen: NOW },
      }]);
    }
  }
  assertEquals(verdictOf(memory, attemptOf("alice@x.example", "bob@example.net")), "new");
});
