import { assert, assertEquals } from "@std/assert";
import { PageMemory, type Remembered } from "../../../lib/web/http/page_memory.ts";
import { HOUR, MINUTE } from "../../../lib/text/duration.ts";

Deno.test("sessions and known clients outlive a thread, at their age", () => {
  const reports: Remembered[] = [];
  let now = 20 * HOUR;
  const memory = new PageMemory((one) => reports.push(one), () => now);
  const session = memory.sessions.open("hash", now);
  memory.signedIn("192.0.2.1");
  now += 5 * HOUR;
  memory.save(true);
  // The clock of the next thread starts anew.
  const next = new PageMemory(() => {}, () => 0, structuredClone(reports[0]!));
  assert(next.isKnown("192.0.2.1") && !next.isKnown("192.0.2.2"));
  assertEquals(next.sessions.find(session.id, "hash", 8 * HOUR), undefined);
  const other = new PageMemory(() => {}, () => 0, reports[0]!);
  assertEquals(other.sessions.find(session.id, "hash", 6 * HOUR)?.csrf, session.csrf);
});

Deno.test("changes are passed on at once, the time of use once a minute", () => {
  let reports = 0;
  let now = HOUR;
  const memory = new PageMemory(() => reports++, () => now);
  memory.save(true);
  memory.save(false);
  now += MINUTE;
  memory.save(false);
  memory.save(true);
  assertEquals(reports, 3);
});
