import { assert, assertEquals } from "@std/assert";
import { DemoMail, PAST } from "../../lib/demo/mail.ts";

Deno.test("the past days are the same every time, in the order of time", () => {
  const attempts = new DemoMail().past();
  assertEquals(attempts, new DemoMail().past());
  assert(attempts.every(({ at }, index) => index === 0 || at >= attempts[index - 1]!.at));
  assert(attempts.every(({ at }) => at >= 0 && at < PAST));
});

Deno.test("all names and addresses are those of documentation and benchmarks", () => {
  const mail = new DemoMail();
  const live = Array.from({ length: 500 }, () => mail.next(1000)).flat();
  const documentation = /^(?:192\.0\.2|198\.51\.100|203\.0\.113|198\.1[89]\.\d+)\.\d+$/;
  for (const { attributes } of [...mail.past(), ...live]) {
    const { client_address = "", client_name = "", sender = "", recipient = "" } = attributes;
    assert(documentation.test(client_address), client_address);
    assert(/^(?:unknown|.*\.example)$/.test(client_name), client_name);
    assert(/^(?:|.*\.example|.*@example\.net)$/.test(sender), sender);
    assert(/@(?:example\.net|.*\.example)$/.test(recipient), recipient);
  }
});

Deno.test("what arrives next includes first messages that are retried after the delay", () => {
  const mail = new DemoMail();
  const groups = Array.from({ length: 200 }, () => mail.next(20_000));
  assert(groups.every(([first]) => first!.at === 0));
  assert(groups.some((group) => group.length === 2 && group[1]!.at > 20_000));
});
