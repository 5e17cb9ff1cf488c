import { assertEquals } from "@std/assert";
import { Messages } from "../../lib/daemon/messages.ts";
import type { MessageRecord } from "../../lib/greylist/model.ts";

const RECORD: MessageRecord = { address: "192.0.2.10", sender: "a@x.example", delayed: 60_000 };

Deno.test("a message is known by its instance, and the newest record counts", () => {
  const messages = new Messages();
  assertEquals(messages.get("1.2.3"), undefined);
  messages.remember(new Map([["1.2.3", RECORD]]));
  messages.remember(new Map([["1.2.3", { ...RECORD, delayed: 1 }]]));
  assertEquals(messages.get("1.2.3")?.delayed, 1);
});

Deno.test("beyond the maximum the oldest messages are forgotten", () => {
  const messages = new Messages(3);
  for (const instance of ["a", "b", "c", "d"]) messages.remember(new Map([[instance, RECORD]]));
  assertEquals(["a", "b", "c", "d"].map((one) => messages.get(one) !== undefined), [
    false,
    true,
    true,
    true,
  ]);
});
