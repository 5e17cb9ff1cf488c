import { assertEquals } from "@std/assert";
import type { Notice } from "../../lib/notify/notice.ts";
import { NotifyService } from "../../lib/notify/service.ts";
import { NOTICE_EVENTS, RIGHTS } from "../../lib/notify/settings.ts";
import { parseTarget } from "../../lib/notify/target.ts";
import { parseUserFile } from "../../lib/notify/user.ts";
import { Connection } from "../../lib/store/connection.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import { DAY, HOUR, MINUTE } from "../../lib/text/duration.ts";
import { pending, recordDecisions } from "../store/records.ts";

/** A Monday at eight, local time, after the digests of that day. */
const MONDAY = new Date(2026, 10, 23, 8, 0).getTime();

function siteNamed(name: string): SqliteStore {
  const as = { name, forgetKey: new Uint8Array(32) };
  return new SqliteStore(new Connection(":memory:", { share: { file: "1", as } }));
}

/** Merges the changes of one site after a position at another. @returns the next position. */
function merge(from: SqliteStore, position: string, to: SqliteStore, now: number): string {
  const id = from.share.site()!.name;
  const rules = { retryWindow: 2 * DAY, lifetime: 30 * DAY, now };
  let reached = position;
  for (let isMore = true; isMore;) {
    const page = from.share.changes(reached, 100)!;
    reached = page.next;
    isMore = page.isMore;
    to.share.merge(id, page.changes, rules, { id, position: reached });
  }
  return reached;
}

/** Notices of a site for an administrator and for Ann, within three days from Monday. */
async function noticesOf(store: SqliteStore): Promise<Notice[]> {
  const sent: Notice[] = [];
  let now = MONDAY;
  const service = new NotifyService({
    targets: [parseTarget("mail:admin@example.net")!],
    events: NOTICE_EVENTS,
    smtp: { kind: "inet", host: "127.0.0.1", port: 25 },
    from: "greylag@example.net",
    envelopeSender: "",
    users: parseUserFile("ann@example.net digest=day").users,
    userFiles: [],
    recipientDelimiter: "+",
    rights: RIGHTS,
    publicUrl: "https://mail.example.net",
    hostname: "mx1.example.net",
    database: "/nonexistent/greylag.db",
    retryWindow: 2 * DAY,
  }, {
    store,
    dns: () => ({ answered: 0, failed: 0 }),
    publish: () => {},
    now: () => now,
  }, (notice) => {
    sent.push(notice);
    return Promise.resolve();
  });
  try {
    for (; now < MONDAY + 3 * DAY; now += HOUR) await service.tick();
  } finally {
    service.stop();
  }
  return sent;
}

const WANTED = {
  recipient: "ann@example.net",
  normalisedRecipient: "ann@example.net",
  clientName: "mail.shop.example",
  // The domain has no accepted retries yet.
  legitimacy: 10,
};

for (const reason of ["retried", "allowed"] as const) {
  Deno.test(`notices report no mail as lost that another site passed as ${reason}`, async () => {
    const [one, two] = [siteNamed("mx1"), siteNamed("mx2")];
    // Tells the first site that there is another.
    one.share.setOthers(["mx2"]);
    two.share.setOthers(["mx1"]);
    try {
      for (const sender of ["alice@shop.example", "carol@shop.example"]) {
        recordDecisions(one, 2 * DAY, { ...WANTED, sender, time: MONDAY });
        const { key, record, ...rest } = pending(sender, {
          firstSeen: MONDAY,
          lastSeen: MONDAY,
          expires: MONDAY + 2 * DAY,
        });
        const recipient = WANTED.recipient;
        one.greylist.exchange(() => [{ ...rest, key: { ...key, recipient }, record }]);
      }
      merge(one, "", two, MONDAY + MINUTE);
      const position = merge(two, "", one, MONDAY + MINUTE);
      recordDecisions(two, 2 * DAY, {
        ...WANTED,
        sender: "alice@shop.example",
        time: MONDAY + 10 * MINUTE,
        decision: "pass",
        reason,
      });
      merge(two, position, one, MONDAY + 11 * MINUTE);

      const notices = await noticesOf(one);
      const senders = (kind: Notice["kind"]) =>
        notices.flatMap((notice) =>
          notice.kind === kind && "items" in notice ? notice.items.map(({ sender }) => sender) : []
        );
      assertEquals(senders("lost"), ["carol@shop.example"]);
      assertEquals(senders("digest"), ["carol@shop.example"]);
      const digests = notices.filter((notice) => notice.kind === "digest");
      assertEquals(digests.map(({ retried, notRetried }) => [retried, notRetried]), [[1, 1]]);
    } finally {
      await one.close();
      await two.close();
    }
  });
}
