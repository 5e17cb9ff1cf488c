import { assertStringIncludes } from "@std/assert";
import type { Summary } from "../../../lib/admin/statistics.ts";
import { DAY } from "../../../lib/text/duration.ts";
import { DelayPanel, TodayList } from "../../../lib/web/pages/today.tsx";

const PAGE = { prefix: "/mail", path: "/", visitor: { kind: "anonymous" }, now: 0 } as const;
const FIGURES = {
  passedUndelayed: 5,
  deferred: 4,
  retried: 2,
  blocked: 1,
  delayed: 2,
  notRetried: 3,
};

function summary(delays: Partial<Summary["delays"]>): Summary {
  return {
    since: 0,
    requests: 0,
    reasons: {},
    shadow: { defer: 0, reject: 0 },
    delays: { count: 0, p50: undefined, p90: undefined, histogram: [], ...delays },
    deferrals: { returned: 0, refused: 0, waiting: 0, lost: 0 },
  };
}

const textOf = (html: string) => html.replaceAll(/<[^>]*>/g, "");

Deno.test("each figure has its baseline and links to its rows", () => {
  const render = (baseline?: typeof FIGURES) =>
    `${(
      <TodayList
        page={PAGE}
        today={{ last: FIGURES, baseline }}
        retryWindow={2 * DAY}
        summary={summary({ count: 2, p50: 300 })}
      />
    )}`;
  const html = render({ ...FIGURES, notRetried: 6.4 });
  assertStringIncludes(textOf(html), "3 not retriedbaseline: 6 a daywithin 2d");
  assertStringIncludes(textOf(html), "half within 5m");
  assertStringIncludes(html, 'href="/mail/lost"');
  assertStringIncludes(html, 'href="/mail/decisions?reason=retried"');
  assertStringIncludes(textOf(render()), "no baseline yet");
});

Deno.test("delays have their percentiles, and buckets with messages only", () => {
  const html = `${(
    <DelayPanel
      period="the last 7 days"
      summary={summary({
        count: 3,
        p50: 300,
        p90: Infinity,
        histogram: [{ upTo: 60, count: 0 }, { upTo: 300, count: 2 }, { upTo: Infinity, count: 1 }],
      })}
    />
  )}`;
  assertStringIncludes(
    textOf(html),
    "3 messages were accepted after a retry in the last 7 days. Delay: 5m median, more than 2d 90th",
  );
  assertStringIncludes(html, 'aria-label="2 of 3"');
  assertStringIncludes(html, 'data-key="Infinity"');
  assertStringIncludes(
    `${<DelayPanel period="the last 7 days" summary={summary({})} />}`,
    "No delayed mail was accepted in the last 7 days.",
  );
});
