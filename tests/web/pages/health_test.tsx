import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DAY, HOUR } from "../../../lib/text/duration.ts";
import { ProblemList } from "../../../lib/web/pages/health.tsx";
import type { Health } from "../../../lib/web/worker/health.ts";
import { DAEMON_STATUS, withPage } from "../page.ts";

const NOW = 10 * DAY;
const PAGE = { prefix: "", path: "/health", visitor: { kind: "anonymous" }, now: NOW } as const;

const HEALTH: Health = {
  obstacles: [],
  warnings: [],
  daemonStatus: DAEMON_STATUS,
  log: [],
  databaseBytes: undefined,
  stored: undefined,
};

const error = (text: string, last: number) =>
  ({ text, level: "error", first: 0, last, times: 2 }) as const;

Deno.test("problems are obstacles, then warnings, then errors of the last day, newest first", () => {
  const health: Health = {
    ...HEALTH,
    obstacles: ["disk <full>"],
    warnings: [{ severity: "warning", what: "low space", remedy: "free some" }],
    daemonStatus: {
      ...DAEMON_STATUS,
      errors: [
        error("old error", NOW - DAY - 1),
        error("first error", NOW - 2 * HOUR),
        error("last error", NOW - HOUR),
      ],
    },
  };
  const html = `${<ProblemList page={PAGE} health={health} />}`;
  const items = [...html.matchAll(/<li[^>]*>(.*?)<\/li>/gs)].map(([, item]) =>
    item!.replaceAll(/<[^>]*>/g, "")
  );
  assertEquals(items, [
    "All mail passes: disk &lt;full&gt;",
    "low space – free some",
    "last error 2 times, last 1h ago",
    "first error 2 times, last 2h ago",
  ]);
});

Deno.test("without problems the page says how to check Postfix", () => {
  const html = `${<ProblemList page={PAGE} health={HEALTH} />}`;
  assertStringIncludes(html, "No problems found.");
  assertStringIncludes(html, "greylag doctor -");
});

Deno.test("the health page shows the status of the daemon", async () => {
  await withPage(async ({ get }) => {
    const text = (await (await get("/health")).text()).replaceAll(/<[^>]*>/g, "");
    for (
      const part of ["inet:127.0.0.1:10023", "1 pending triplets, 1 known", "9 queries answered"]
    ) {
      assertStringIncludes(text, part);
    }
    assert(text.includes("(working)"));
  }, { seeded: true, daemonStatus: { dns: { answered: 9, failed: 0, works: true } } });
});

Deno.test("the health page has the settings in force, those set first, and the end of the log", async () => {
  await withPage(async ({ get }) => {
    const html = await (await get("/health")).text();
    const text = html.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");
    assertStringIncludes(text, "2 settings, 1 set");
    assert(
      /mode &quot;all&quot; \/etc\/greylag\. ?toml:7.*delay &quot;50s&quot; default/.test(text),
      text,
    );
    assert(/last line.*first &lt;line&gt;/.test(text));
  });
});
