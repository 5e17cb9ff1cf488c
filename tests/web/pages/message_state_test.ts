import { assertEquals } from "@std/assert";
import { DAY, HOUR, MINUTE, SECOND } from "../../../lib/text/duration.ts";
import { type MessageQuestion, messageState } from "../../../lib/web/pages/message_state.ts";
import { recordDecisions } from "../../store/records.ts";
import { type Page, withPage } from "../page.ts";

const NOW = Date.parse("2026-11-26T12:00:00Z");

const QUESTION: MessageQuestion = {
  sender: "Alice@example.org",
  recipient: "bob@example.net",
  time: "2026-11-26T13:00",
  zone: "+01:00",
};

function record({ store }: Page, time: number, more: object = {}): void {
  recordDecisions(store, 1, {
    time,
    sender: "alice@example.org",
    recipient: "bob@example.net",
    clientName: "mail.example.org",
    wait: 50 * SECOND,
    ...more,
  });
}

Deno.test("a sender learns the state of his own delayed message", async () => {
  await withPage(async (page) => {
    const { service, clock } = page;
    record(page, NOW);
    assertEquals(messageState(service, QUESTION), { kind: "waiting", duration: 50 * SECOND });
    clock.now = NOW + MINUTE;
    assertEquals(messageState(service, QUESTION), { kind: "due" });
    clock.now = NOW + 7 * HOUR;
    assertEquals(messageState(service, QUESTION), { kind: "abandoned" });
    clock.now = NOW + 5 * MINUTE;
    record(page, clock.now, { decision: "pass", reason: "retried", wait: undefined });
    assertEquals(messageState(service, QUESTION), { kind: "delivered", duration: 5 * MINUTE });
    await Promise.resolve();
  }, { now: NOW });
});

Deno.test("every other question has the same answer, whether the recipient exists or not", async () => {
  await withPage(async (page) => {
    const { service, clock } = page;
    record(page, NOW);
    clock.now = NOW + HOUR;
    record(page, NOW, { recipient: "carol@example.net", sender: "dave@example.org" });
    for (
      const change of [
        { recipient: "carol@example.net" },
        { recipient: "nobody@example.net" },
        { sender: "lice@example.org" },
        { sender: "alice@example.or" },
        { sender: "%@%" },
        { time: "2026-11-26T13:16" },
        { time: "2026-11-26T12:44" },
        { zone: "+00:00", time: "2026-11-26T11:30" },
      ]
    ) {
      assertEquals(messageState(service, { ...QUESTION, ...change }), { kind: "unknown" });
    }
    await Promise.resolve();
  }, { now: NOW });
});

Deno.test("a question needs two addresses and a time of the last 30 days", async () => {
  await withPage(async ({ service }) => {
    const old = new Date(NOW - 31 * DAY).toISOString().slice(0, 16);
    for (
      const change of [
        { sender: "" },
        { sender: "alice" },
        { recipient: "bob@" },
        { recipient: `${"b".repeat(400)}@example.net` },
        { time: "yesterday" },
        { time: "2026-11-26" },
        { time: "2026-13-26T10:00" },
        { time: "2026-11-26T14:00" },
        { time: old },
        { zone: "CET" },
        { zone: "+99:99" },
      ]
    ) {
      assertEquals(messageState(service, { ...QUESTION, ...change }).kind, "invalid");
    }
    await Promise.resolve();
  }, { now: NOW });
});

Deno.test("with privacy the state is found by the hashes of both addresses", async () => {
  await withPage(async (page) => {
    record(page, NOW);
    assertEquals(messageState(page.service, QUESTION).kind, "waiting");
    const other = { ...QUESTION, sender: "dave@example.org" };
    assertEquals(messageState(page.service, other).kind, "unknown");
    await Promise.resolve();
  }, { now: NOW, privacy: true });
});
