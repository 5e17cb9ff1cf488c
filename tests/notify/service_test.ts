import { assert, assertEquals, assertMatch } from "@std/assert";
import type { DaemonEvent, NotifyEvent } from "../../lib/daemon/events.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import type { AdminNotice, DeferredNotice, DigestNotice, Notice } from "../../lib/notify/notice.ts";
import { NotifyService } from "../../lib/notify/service.ts";
import { NOTICE_EVENTS, type NotifySettings, RIGHTS } from "../../lib/notify/settings.ts";
import { formatTarget, parseTarget } from "../../lib/notify/target.ts";
import { parseUserFile } from "../../lib/notify/user.ts";
import { openStore } from "../../lib/store/open.ts";
import type { DecisionRecord } from "../../lib/store/history.ts";
import type { Store } from "../../lib/store/store.ts";
import { DAY, HOUR, MINUTE, SECOND, WEEK } from "../../lib/text/duration.ts";
import { inDirectory } from "../daemon.ts";
import { decisionEvent } from "../daemon/request.ts";
import { recordDecisions } from "../store/records.ts";

/** A Monday at eight, local time, after the digests of that day. */
const MONDAY = new Date(2026, 10, 23, 8, 0).getTime();

interface Rig {
  readonly store: Store;
  readonly service: NotifyService;
  readonly clock: { now: number };
  /** Sent notices with their targets. */
  readonly sent: { readonly notice: Notice; readonly target: string }[];
  readonly events: NotifyEvent[];
  readonly dns: { works?: boolean };
  /** Records a deferral; publishes its event if it is new. */
  defer(given: Partial<DecisionRecord>): void;
  /** Replaces the service that `defer` and `pass` use. */
  restart(): void;
  /** Lets time pass, with a tick every so often. */
  pass(duration: number, step?: number): Promise<void>;
}

function withService(
  body: (rig: Rig) => Promise<void>,
  { users = "ann@example.net", settings = {} }: {
    users?: string;
    settings?: Partial<NotifySettings>;
  } = {},
): Promise<void> {
  return inDirectory(async (directory) => {
    const database = `${directory}/g.db`;
    const store = openStore({ database, privacy: false });
    const clock = { now: MONDAY };
    const sent: { notice: Notice; target: string }[] = [];
    const events: NotifyEvent[] = [];
    const dns: { works?: boolean } = {};
    const start = () =>
      new NotifyService({
        targets: [parseTarget("mail:admin@example.net")!],
        events: NOTICE_EVENTS,
        smtp: { kind: "inet", host: "127.0.0.1", port: 25 },
        from: "greylag@example.net",
        envelopeSender: "",
        users: parseUserFile(users).users,
        userFiles: [],
        recipientDelimiter: "+",
        rights: RIGHTS,
        publicUrl: "https://mail.example.net",
        hostname: "mx.example.net",
        database,
        retryWindow: 2 * DAY,
        ...settings,
      }, {
        store,
        dns: () => ({ answered: 0, failed: 0, ...dns }),
        publish: (event) => events.push(event),
        now: () => clock.now,
      }, (notice, target) => {
        sent.push({ notice, target: formatTarget(target) });
        return Promise.resolve();
      });
    let service = start();
    const restart: Rig["restart"] = () => {
      service.stop();
      service = start();
    };
    const defer: Rig["defer"] = (given) => {
      const record = {
        sender: "no-reply@shop.example",
        recipient: "ann@example.net",
        clientName: "mail.shop.example",
        clientAddress: "198.51.100.7",
        legitimacy: 8,
        ...given,
      };
      recordDecisions(store, 2 * DAY, {
        time: clock.now,
        normalisedSender: record.sender,
        normalisedRecipient: record.recipient.toLowerCase().replace(/\+.*@/, "@"),
        ...record,
      });
      service.handle(decisionEvent({ decision: "defer", reason: "new", wait: 1 }, {
        sender: record.sender,
        recipient: record.recipient,
        client_name: record.clientName,
        client_address: record.clientAddress,
      }, clock.now));
    };
    const pass: Rig["pass"] = async (duration, step = MINUTE) => {
      for (const end = clock.now + duration; clock.now < end;) {
        clock.now = Math.min(end, clock.now + step);
        await service.tick();
      }
    };
    try {
      await service.tick();
      await body({ store, service, clock, sent, events, dns, defer, pass, restart });
    } finally {
      service.stop();
      await store.close();
    }
  });
}

const retry = (store: Store, time: number, sender: string, recipient = "ann@example.net") =>
  recordDecisions(store, 2 * DAY, {
    time,
    decision: "pass",
    reason: "retried",
    delayed: 5 * MINUTE,
    sender,
    recipient,
    normalisedSender: sender,
    normalisedRecipient: recipient,
    clientName: "mail.shop.example",
  });

Deno.test("mail that looks urgent is told within seconds, to its recipient", () =>
  withService(async ({ defer, pass, sent }) => {
    defer({ recipient: "Ann+code@example.net" });
    await pass(5 * SECOND, SECOND);
    const [{ notice, target }] = sent as [{ notice: DeferredNotice; target: string }];
    assertEquals([notice.kind, target], ["deferred", "mail:ann@example.net"]);
    assertEquals(notice.items.map(({ sender, canAllow }) => [sender, canAllow]), [
      ["no-reply@shop.example", true],
    ]);
    assertEquals(sent.length, 1);
  }));

for (
  const [what, given] of [
    ["of a person", { sender: "alice@shop.example" }],
    ["of a client without a name", { clientName: "unknown" }],
    ["to somebody else", { recipient: "eve@example.net" }],
    ["from the null sender", { sender: "" }],
  ] as const
) {
  Deno.test(`mail ${what} is not told at once`, () =>
    withService(async ({ defer, pass, sent }) => {
      defer(given);
      await pass(10 * SECOND, SECOND);
      assertEquals(sent, []);
    }));
}

Deno.test("a recipient gets one notice an hour, with all that waits", () =>
  withService(async ({ defer, pass, sent }) => {
    for (let at = 0; at < 5; at++) {
      defer({ sender: `no-reply@shop${at}.example`, clientName: `mail.shop${at}.example` });
      await pass(10 * MINUTE);
    }
    assertEquals(sent.length, 1);
    await pass(11 * MINUTE);
    const [, { notice }] = sent as [unknown, { notice: DeferredNotice }];
    assertEquals(notice.items.length, 4);
    assertEquals(sent.length, 2);
  }));

Deno.test("no message is in two notices, also after a restart", () =>
  withService(async ({ defer, pass, sent, restart }) => {
    defer({});
    await pass(MINUTE, SECOND);
    restart();
    await pass(90 * MINUTE);
    assertEquals(sent.length, 1);
    defer({ sender: "no-reply@other.example", clientName: "mail.other.example" });
    await pass(5 * HOUR);
    const items = sent.map(({ notice }) => (notice as DeferredNotice).items);
    assertEquals(items.map((one) => one.map(({ sender }) => sender)), [
      ["no-reply@shop.example"],
      ["no-reply@other.example"],
    ]);
  }));

Deno.test("a recipient gets six notices a day, also if the daemon restarts", () =>
  withService(async ({ defer, pass, sent, restart }) => {
    for (let hour = 0; hour < 24; hour++) {
      restart();
      const domain = `shop${hour}.example`;
      defer({ sender: `no-reply@${domain}`, clientName: `mail.${domain}` });
      await pass(HOUR + MINUTE, 30 * SECOND);
    }
    const notices = sent.filter(({ notice }) => notice.kind === "deferred");
    assertEquals(notices.length, 6);
  }));

Deno.test("a clock that was set back a year stops neither notices nor digests", () =>
  withService(async ({ defer, pass, sent, clock }) => {
    for (let at = 0; at < 25; at++) defer({ sender: `no-reply@s${at}.example` });
    await pass(DAY, HOUR);
    clock.now -= 52 * WEEK;
    await pass(2 * DAY, HOUR);
    sent.length = 0;
    defer({});
    await pass(10 * SECOND, SECOND);
    assertEquals(sent.map(({ notice }) => notice.kind), ["deferred"]);
    await pass(DAY, HOUR);
    assertEquals(sent.some(({ notice }) => notice.kind === "digest"), true);
  }, { users: "ann@example.net digest=day" }));

Deno.test("mail that was delivered meanwhile is not told", () =>
  withService(async ({ defer, pass, sent, store, clock }) => {
    defer({});
    retry(store, clock.now + SECOND, "no-reply@shop.example");
    await pass(HOUR);
    assertEquals(sent, []);
  }));

Deno.test("mail that is later than its sender's usual retry is told", () =>
  withService(async ({ defer, pass, sent, store, clock }) => {
    for (let day = 5; day > 1; day--) {
      const sender = `alice${day}@shop.example`;
      const time = clock.now - day * DAY;
      recordDecisions(store, 2 * DAY, {
        time,
        sender,
        recipient: "ann@example.net",
        normalisedSender: sender,
        normalisedRecipient: "ann@example.net",
      });
      retry(store, time + 5 * MINUTE, sender);
    }
    defer({ sender: "alice@shop.example" });
    await pass(14 * MINUTE);
    assertEquals(sent, []);
    await pass(3 * MINUTE);
    assertEquals(sent.map(({ notice }) => notice.kind), ["deferred"]);
    await pass(5 * HOUR);
    assertEquals(sent.length, 1);
  }));

Deno.test("a flood of strangers sends a handful of notices in a day", () =>
  withService(async ({ defer, pass, sent, service, clock }) => {
    const REQUESTS = 5000;
    for (let at = 0; at < REQUESTS; at++) {
      const given = {
        sender: `no-reply@spam${at}.example`,
        clientName: `mail.spam${at}.example`,
        recipient: `user${at % 50}@example.net`,
      };
      // The history has some of them; each is an event.
      if (at < 200) defer(given);
      else {
        service.handle(decisionEvent({ decision: "defer", reason: "new", wait: 1 }, {
          sender: given.sender,
          recipient: given.recipient,
          client_name: given.clientName,
        }, clock.now));
      }
      await pass(DAY / REQUESTS, 20 * SECOND);
    }
    const byKind = Map.groupBy(sent, ({ notice }) => notice.kind);
    assertEquals(byKind.get("flood")?.length, 1);
    assert(sent.length <= 5, JSON.stringify(sent));
  }, { users: "example.net" }));

Deno.test("recipients of a domain get notices only if they had mail before", () =>
  withService(async ({ defer, pass, sent, store, clock }) => {
    defer({ recipient: "nobody@example.net" });
    await pass(10 * SECOND, SECOND);
    assertEquals(sent, []);
    retry(store, clock.now, "friend@example.org", "bob@example.net");
    defer({ recipient: "bob@example.net" });
    await pass(10 * SECOND, SECOND);
    assertEquals(sent.map(({ target }) => target), ["mail:bob@example.net"]);
  }, { users: "example.net" }));

Deno.test("the digest of a week counts what happened, and links what may be wanted", () =>
  withService(async ({ defer, pass, sent, store, clock }) => {
    for (let at = 0; at < 4; at++) {
      await pass(DAY, HOUR);
      const sender = `newsletter${at}@shop.example`;
      defer({ sender });
      if (at < 2) retry(store, clock.now + 5 * MINUTE, sender);
      for (let spam = 0; spam < 10; spam++) {
        defer({ sender: `x${at}@spam${spam}.example`, clientName: "unknown", legitimacy: 1 });
      }
    }
    await pass(4 * DAY, HOUR);
    const digests = sent.filter(({ notice }) => notice.kind === "digest");
    const { notice } = digests[0] as { notice: DigestNotice };
    const { retried, notRetried, stopped, waiting, period, items } = notice;
    assertEquals({ retried, notRetried, stopped, waiting, period }, {
      retried: 2,
      notRetried: 2,
      stopped: 40,
      waiting: 0,
      period: "week",
    });
    assertEquals(items.map(({ sender }) => sender), [
      "newsletter3@shop.example",
      "newsletter2@shop.example",
    ]);
    await pass(WEEK, HOUR);
    // Nothing happened in the second week.
    assertEquals(sent.filter(({ notice }) => notice.kind === "digest").length, 1);
  }));

Deno.test("digests leave once a day or week, and not for recipients that turned them off", () =>
  withService(async ({ defer, pass, sent }) => {
    for (let day = 0; day < 14; day++) {
      for (const recipient of ["ann@example.net", "bob@example.net", "eve@example.net"]) {
        defer({ recipient, sender: `x${day}@spam.example`, clientName: "unknown", legitimacy: 1 });
      }
      await pass(DAY, HOUR);
    }
    const digests = sent.filter(({ notice }) => notice.kind === "digest");
    const counts = Map.groupBy(digests, ({ target }) => target);
    assertEquals(counts.get("mail:ann@example.net")?.length, 14);
    assertEquals(counts.get("mail:bob@example.net")?.length, 2);
    assertEquals(counts.get("mail:eve@example.net"), undefined);
  }, { users: "ann@example.net digest=day\nbob@example.net\neve@example.net digest=off" }));

Deno.test("administrators learn of possibly lost mail once a day", () =>
  withService(async ({ defer, pass, sent, store, clock }) => {
    retry(store, clock.now - DAY, "bob@shop.example", "eve@example.net");
    recordDecisions(store, 2 * DAY, { time: clock.now - DAY, sender: "bob@shop.example" });
    retry(store, clock.now - DAY + MINUTE, "bob@shop.example", "bob@example.net");
    defer({ sender: "alice@shop.example", recipient: "eve@example.net" });
    await pass(3 * DAY, HOUR);
    const lost = sent.map(({ notice }) => notice).filter(({ kind }) => kind === "lost");
    assertEquals(lost.length, 1);
    assertEquals((lost[0] as Extract<AdminNotice, { kind: "lost" }>).items, [{
      sender: "alice@shop.example",
      recipient: "eve@example.net",
      client: "mail.shop.example",
    }]);
  }));

const FAILED: DaemonEvent = {
  kind: "database-failed",
  error: new DatabaseError("full", "/g.db", "database or disk is full"),
};

Deno.test("trouble is told once a day for each cause, even without the database", () =>
  withService(async ({ service, store, pass, sent }) => {
    await store.close();
    for (let at = 0; at < 100; at++) service.handle(FAILED);
    await pass(HOUR);
    assertEquals(sent.map(({ notice }) => notice.kind), ["trouble"]);
    assertMatch((sent[0]!.notice as { text: string }).text, /disk is full/);
  }));

Deno.test("DNS that fails for ten minutes is trouble", () =>
  withService(async ({ dns, pass, sent }) => {
    dns.works = false;
    await pass(9 * MINUTE);
    assertEquals(sent, []);
    await pass(5 * MINUTE);
    assertMatch((sent[0]!.notice as { text: string }).text, /^DNS does not answer/);
  }));

Deno.test("no request of Postfix for unusually long is trouble", () =>
  withService(async ({ store, clock, pass, sent }) => {
    const tallies = Array.from({ length: 100 }, (_, at) => ({
      hour: clock.now - clock.now % HOUR - at * HOUR,
      decision: "pass" as const,
      reason: "known" as const,
      count: 1,
    }));
    store.history.record({ decisions: [], tallies, delays: [], quietPeriod: 1 });
    await pass(5 * HOUR, 10 * MINUTE);
    assertEquals(sent, []);
    await pass(2 * HOUR, 10 * MINUTE);
    assertMatch((sent[0]!.notice as { text: string }).text, /^Postfix has sent no request for 6h/);
    await pass(20 * HOUR, HOUR);
    assertEquals(sent.length, 1);
  }));

Deno.test("events that are turned off are not told", () =>
  withService(async ({ service, pass, sent, dns }) => {
    dns.works = false;
    service.handle(FAILED);
    await pass(HOUR);
    assertEquals(sent, []);
  }, { settings: { events: ["lost"] } }));
