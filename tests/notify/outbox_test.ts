import { assertEquals } from "@std/assert";
import type { NoticeOutcome } from "../../lib/daemon/events.ts";
import type { Notice } from "../../lib/notify/notice.ts";
import { Outbox } from "../../lib/notify/outbox.ts";
import type { Target } from "../../lib/notify/target.ts";
import { openStore } from "../../lib/store/open.ts";
import type { Store } from "../../lib/store/store.ts";
import { HOUR, MINUTE } from "../../lib/text/duration.ts";
import { inDirectory } from "../daemon.ts";

const MAIL: Target = { kind: "mail", address: "ann@example.net" };
const NTFY: Target = { kind: "ntfy", url: "https://ntfy.example.net/t" };
const TEST: Notice = { kind: "test" };
const URGENT: Notice = {
  kind: "deferred",
  recipient: "ann@example.net",
  language: "en",
  items: [],
};

interface Rig {
  readonly outbox: Outbox;
  readonly store: Store;
  /** Delivered notices, as `kind target`. */
  readonly sent: string[];
  readonly events: NoticeOutcome[];
  /** Kinds of targets that do not answer. */
  readonly broken: Set<string>;
}

function withOutbox(body: (rig: Rig) => Promise<void>): Promise<void> {
  return inDirectory(async (directory) => {
    const store = openStore({ database: `${directory}/g.db`, privacy: false });
    const sent: string[] = [];
    const events: NoticeOutcome[] = [];
    const broken = new Set<string>();
    const outbox = new Outbox(store.notices, (notice, target) => {
      if (broken.has(target.kind)) return Promise.reject(new Error("connection refused"));
      sent.push(`${notice.kind} ${target.kind}`);
      return Promise.resolve();
    }, (event) => events.push(event));
    try {
      await body({ outbox, store, sent, events, broken });
    } finally {
      store.close();
    }
  });
}

Deno.test("a notice is sent once", () =>
  withOutbox(async ({ outbox, sent, events }) => {
    outbox.post(TEST, MAIL, 1);
    await outbox.send(1);
    await outbox.send(2);
    assertEquals(sent, ["test mail"]);
    assertEquals(events, [
      { kind: "notice-sent", notice: "test", where: "mail:ann@example.net" },
    ]);
  }));

Deno.test("a failed notice is repeated later, and others are not held up", () =>
  withOutbox(async ({ outbox, sent, events, broken }) => {
    broken.add("ntfy");
    outbox.post(TEST, NTFY, 0);
    outbox.post(TEST, MAIL, 0);
    await outbox.send(0);
    assertEquals(sent, ["test mail"]);
    assertEquals(events[0], {
      kind: "notice-failed",
      notice: "test",
      where: "ntfy:ntfy.example.net",
      why: "connection refused",
    });
    broken.clear();
    await outbox.send(MINUTE - 1);
    assertEquals(sent, ["test mail"]);
    await outbox.send(MINUTE);
    assertEquals(sent, ["test mail", "test ntfy"]);
  }));

Deno.test("a notice outlives the process", () =>
  withOutbox(async ({ outbox, store, sent }) => {
    outbox.post(TEST, MAIL, 1);
    const next = new Outbox(store.notices, (notice) => {
      sent.push(`next ${notice.kind}`);
      return Promise.resolve();
    }, () => {});
    await next.send(1);
    assertEquals(sent, ["next test"]);
  }));

Deno.test("a notice that nobody accepts is given up, an urgent one after an hour", () =>
  withOutbox(async ({ outbox, store, events, broken }) => {
    broken.add("mail");
    outbox.post(URGENT, MAIL, 0);
    outbox.post(TEST, MAIL, 0);
    for (let now = 0; now <= 2 * HOUR; now += MINUTE) await outbox.send(now);
    assertEquals(store.notices.backlog(), { count: 1, oldest: 0 });
    for (let now = 2 * HOUR; now <= 26 * HOUR; now += MINUTE) await outbox.send(now);
    assertEquals(store.notices.backlog(), undefined);
    assertEquals(events.filter(({ kind }) => kind === "notice-dropped").length, 2);
    assertEquals(events.filter(({ kind }) => kind === "notice-failed").length < 30, true);
  }));

Deno.test("a notice about the database leaves without it", () =>
  withOutbox(async ({ outbox, store, sent, broken }) => {
    store.close();
    broken.add("mail");
    outbox.post(TEST, MAIL, 0);
    await outbox.send(0);
    broken.clear();
    await outbox.send(MINUTE);
    await outbox.send(MINUTE + 1);
    assertEquals(sent, ["test mail"]);
  }));

for (const isBroken of [false, true]) {
  const what = isBroken ? "a notice that fails is repeated no faster" : "a notice is sent once";
  Deno.test(`${what} while the database is read-only`, () =>
    withOutbox(async ({ outbox, store, sent, events, broken }) => {
      outbox.post(TEST, MAIL, 0);
      const { remove, postpone } = store.notices;
      store.notices.remove = store.notices.postpone = () => {
        throw new Error("attempt to write a readonly database");
      };
      if (isBroken) broken.add("mail");
      for (let now = 0; now < 5 * MINUTE; now += 1000) await outbox.send(now);
      assertEquals(sent, isBroken ? [] : ["test mail"]);
      // After 0, 1 and 3 minutes.
      assertEquals(events.length, isBroken ? 3 : 1);
      Object.assign(store.notices, { remove, postpone });
      broken.clear();
      await outbox.send(HOUR);
      assertEquals(store.notices.backlog(), undefined);
      assertEquals(sent, ["test mail"]);
    }));
}

Deno.test("passes do not overlap", () =>
  withOutbox(async ({ outbox, sent }) => {
    outbox.post(TEST, MAIL, 1);
    await Promise.all([outbox.send(1), outbox.send(1), outbox.send(1)]);
    assertEquals(sent, ["test mail"]);
  }));
