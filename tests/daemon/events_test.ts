import { assertEquals } from "@std/assert";
import { type DaemonEvent, Events } from "../../lib/daemon/events.ts";

const DROPPED: DaemonEvent = { kind: "history-dropped", count: 1 };

Deno.test("every subscriber receives each event once, in the order of subscription", () => {
  const events = new Events();
  const received: string[] = [];
  for (const name of ["first", "second"]) {
    events.subscribe(({ kind }) => received.push(`${name} ${kind}`));
  }
  events.publish(DROPPED);
  assertEquals(received, ["first history-dropped", "second history-dropped"]);
});

Deno.test("an error of a subscriber is published as a bug, and the others still receive the event", () => {
  const events = new Events();
  const received: DaemonEvent[] = [];
  const error = new TypeError("undefined is not a function");
  events.subscribe(() => {
    throw error;
  });
  events.subscribe((event) => received.push(event));
  events.publish(DROPPED);
  assertEquals(received, [{ kind: "bug", error }, DROPPED]);
});
