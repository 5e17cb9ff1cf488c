import { assertEquals, assertNotEquals } from "@std/assert";
import { Sessions } from "../../../lib/web/http/sessions.ts";
import { HOUR } from "../../../lib/text/duration.ts";

Deno.test("a session ends after 12 idle hours, with a new password and when it is closed", () => {
  const sessions = new Sessions();
  const { id } = sessions.open("hash", 0);
  assertEquals(sessions.find(id, "hash", 11 * HOUR)?.id, id);
  assertEquals(sessions.find(id, "hash", 22 * HOUR)?.id, id);
  assertEquals(sessions.find(id, "hash", 35 * HOUR), undefined);
  assertEquals(sessions.find(id, "hash", 0), undefined);
  const other = sessions.open("hash", 0);
  assertEquals(sessions.find(other.id, "another", 1), undefined);
  const third = sessions.open("hash", 0);
  sessions.close(third.id);
  assertEquals(sessions.find(third.id, "hash", 1), undefined);
  assertEquals(sessions.find("", "hash", 1), undefined);
});

Deno.test("ids and CSRF tokens of sessions differ", () => {
  const sessions = new Sessions();
  const [one, other] = [sessions.open("", 0), sessions.open("", 0)];
  assertNotEquals(one.id, other.id);
  assertNotEquals(one.csrf, other.csrf);
  assertNotEquals(one.id, one.csrf);
});

Deno.test("beyond 100 sessions the least recently used one ends", () => {
  const sessions = new Sessions();
  const first = sessions.open("", 0);
  const second = sessions.open("", 0);
  sessions.find(first.id, "", 0);
  for (let at = 0; at < 99; at++) sessions.open("", 0);
  assertEquals(sessions.find(second.id, "", 0), undefined);
  assertEquals(sessions.find(first.id, "", 0)?.id, first.id);
});
