import { assertEquals } from "@std/assert";
import { describeOutcome, outcomeOf } from "../../lib/admin/deferral_outcome.ts";

const counted = (retried: number, rejected: number, waiting: number, notRetried: number) => ({
  retried,
  rejected,
  waiting,
  "not-retried": notRetried,
});

Deno.test("waiting mail has no outcome yet", () => {
  assertEquals(outcomeOf({ deferrals: counted(0, 0, 7, 0), listed: 0 }), undefined);
  assertEquals(outcomeOf({ deferrals: counted(10, 5, 7, 85), listed: 5 }), {
    deferred: 100,
    notRetried: 85,
    listed: 5,
  });
});

Deno.test("shares are of the messages with an outcome", () => {
  const cases: [Parameters<typeof describeOutcome>, string][] = [
    [
      [{ deferred: 1234, notRetried: 1000, listed: 25 }, true],
      "Of 1234 messages deferred in the last 30d, 81 % were never retried, and a DNS list named " +
      "the clients of 2 % at their retry.",
    ],
    [
      [{ deferred: 8, notRetried: 7, listed: 0 }, false],
      "Of 8 messages deferred in the last 30d, 87.5 % were never retried.",
    ],
    [
      [{ deferred: 5000, notRetried: 5000, listed: 1 }, false],
      "Of 5000 messages deferred in the last 30d, 100 % were never retried, and a DNS list named " +
      "the clients of under 0.1 % at their retry.",
    ],
    [
      [{ deferred: 1, notRetried: 0, listed: 0 }, true],
      "Of 1 message deferred in the last 30d, 0 % were never retried, and a DNS list named the " +
      "clients of 0 % at their retry.",
    ],
  ];
  for (const [given, expected] of cases) assertEquals(describeOutcome(...given), expected);
});
