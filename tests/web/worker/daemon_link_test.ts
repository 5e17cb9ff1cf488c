import { assertEquals, assertRejects } from "@std/assert";
import { DaemonLink, DaemonStuckError } from "../../../lib/web/worker/daemon_link.ts";
import type { ToDaemon } from "../../../lib/web/worker/messages.ts";
import { VITALS } from "../page.ts";

const STATE = { daemonStatus: VITALS, obstacles: [], warnings: [] };

Deno.test("answers find their questions, in whatever order they come", async () => {
  const sent: ToDaemon[] = [];
  const link = new DaemonLink((message) => sent.push(message));
  const [one, other] = [link.state(), link.state()];
  link.answer(1, { ...STATE, obstacles: ["second"] });
  link.answer(0, { ...STATE, obstacles: ["first"] });
  assertEquals((await one).obstacles, ["first"]);
  assertEquals((await other).obstacles, ["second"]);
  link.answer(0, STATE);
  assertEquals(sent.map(({ kind }) => kind), ["ask", "ask"]);
});

Deno.test("however many ask whether it can write, it tries once", async () => {
  const sent: ToDaemon[] = [];
  const link = new DaemonLink((message) => sent.push(message));
  const asked = [link.tried(), link.tried(), link.tried()];
  assertEquals(sent, [{ kind: "ask", question: 0, tries: true }]);
  link.answer(0, STATE);
  assertEquals(await Promise.all(asked), [STATE, STATE, STATE]);
  link.tried().catch(() => {});
  assertEquals(sent.length, 2);
  link.answer(1, STATE);
});

Deno.test("a daemon that does not answer is told of as such", async () => {
  await assertRejects(() => new DaemonLink(() => {}).state(), DaemonStuckError);
});
