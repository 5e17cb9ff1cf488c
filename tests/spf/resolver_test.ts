import { assertEquals, assertRejects } from "@std/assert";
import { exchangeOf, until } from "../../lib/spf/resolver.ts";

Deno.test("a mail exchanger has no final dot, and a null MX is empty", () => {
  const answers = ["mx.example.", "mx.example", "."];
  assertEquals(answers.map(exchangeOf), ["mx.example", "mx.example", ""]);
});

Deno.test("a wait ends with the promise or with the signal", async () => {
  const { signal } = new AbortController();
  assertEquals(await until(Promise.resolve(1), signal), 1);
  await assertRejects(() => until(Promise.reject(new Error("broken")), signal), Error, "broken");
  const controller = new AbortController();
  const waiting = until(new Promise(() => {}), controller.signal);
  controller.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  await assertRejects(() => until(new Promise(() => {}), controller.signal), Error, "enough");
});
