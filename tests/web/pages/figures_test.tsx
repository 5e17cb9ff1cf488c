import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Report } from "../../../lib/admin/statistics.ts";
import { DAY } from "../../../lib/text/duration.ts";
import {
  changeOf,
  DelayPanel,
  FigureList,
  StatusSentence,
} from "../../../lib/web/pages/figures.tsx";
import { type Page, withPage } from "../page.ts";

const PAGE = { prefix: "/mail", path: "/", visitor: { kind: "anonymous" }, now: DAY } as const;
const FIGURES = {
  passedUndelayed: 1204,
  deferred: 4,
  retried: 2,
  blocked: 1,
  delayed: 69,
  deferrals: { retried: 2, rejected: 0, waiting: 1, "not-retried": 612 },
};
const NO_DELAYS = { count: 0, p50: undefined, p90: undefined, histogram: [] };
const REPORT: Report = {
  since: 0,
  figures: FIGURES,
  delays: { ...NO_DELAYS, count: 69, p50: 300 },
  before: undefined,
};

const textOf = (html: string) => html.replaceAll(/<[^>]*>/g, "");

Deno.test("the status is one sentence, and each figure in it leads to its list", () => {
  const state = { text: "Working.", style: "" } as const;
  const render = (isIdle: boolean) =>
    `${(
      <StatusSentence
        page={PAGE}
        report={REPORT}
        state={state}
        name="the last 7 days"
        isIdle={isIdle}
      />
    )}`;
  assertEquals(
    textOf(render(false)),
    "Working. In the last 7 days: 612 messages stopped, 69 delayed (half within 5m), " +
      "1\u202f204 passed undelayed.",
  );
  assertStringIncludes(
    render(false),
    'href="/mail/deferred?state=not-retried&amp;from=1970-01-01T00:00:00.000Z"',
  );
  assertStringIncludes(render(true), "No request from Postfix yet");
});

Deno.test("a figure is compared with the period before", () => {
  const table: [number, number | undefined, string][] = [
    [3, undefined, "no comparison yet"],
    [3, 0, "none before"],
    [0, 0, "as before"],
    [3, 3, "as before"],
    [3, 2, "+50 % on before"],
    [60, 1, "1 before"],
    [1, 2, "−50 % on before"],
  ];
  for (const [now, before, text] of table) assertEquals(changeOf(now, before), text);
  const html = `${<FigureList page={PAGE} report={{ ...REPORT, before: FIGURES }} />}`;
  assertEquals(textOf(html).match(/as before/g)?.length, 5);
});

/** The number of rows behind a link, over all pages. */
async function rowsBehind({ get }: Page, path: string): Promise<number> {
  let rows = 0;
  let next: string | undefined = path;
  while (next !== undefined) {
    const html: string = await (await get(next)).text();
    rows += html.match(/data-key=/g)?.length ?? 0;
    next = /rel="next" href="([^"]+)"/.exec(html)?.[1]?.replaceAll("&amp;", "&");
  }
  return rows;
}

Deno.test("every figure of deferred mail counts the rows of the list that it links to", async () => {
  await withPage(async (page) => {
    for (const period of ["24h", "7d", "30d"]) {
      const html = await (await page.get(`/?period=${period}`)).text();
      const figures = [...html.matchAll(/<a href="([^"]+)"><span class="figure">([^<]+)</g)];
      const deferred = figures.filter(([, href]) => href!.startsWith("/deferred"));
      assertEquals(deferred.length, 2);
      for (const [, href, amount] of deferred) {
        const rows = await rowsBehind(page, href!.replaceAll("&amp;", "&"));
        assertEquals(String(rows), amount, `${period}: ${href}`);
      }
    }
  }, { seeded: true });
});

Deno.test("delays have their percentiles, and buckets with messages only", () => {
  const delays = {
    count: 3,
    p50: 300,
    p90: Infinity,
    histogram: [{ upTo: 60, count: 0 }, { upTo: 300, count: 2 }, { upTo: Infinity, count: 1 }],
  };
  const html = `${<DelayPanel period="the last 7 days" delays={delays} />}`;
  assertStringIncludes(
    textOf(html),
    "3 messages were accepted after a retry in the last 7 days. Delay: 5m median, more than 2d 90th",
  );
  assertStringIncludes(html, 'aria-label="2 of 3"');
  assert(!html.includes('data-key="60"') && html.includes('data-key="Infinity"'));
  assertStringIncludes(
    `${<DelayPanel period="the last 7 days" delays={NO_DELAYS} />}`,
    "No delayed mail was accepted in the last 7 days.",
  );
});
