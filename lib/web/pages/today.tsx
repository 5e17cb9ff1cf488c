/**
 * The last 24 hours at a today, and how long mail had to wait.
 *
 * @module
 */
import type { Content, Html } from "../components/html.ts";
import { AT_ONCE, type Today, type TodayFigures } from "../../admin/figures.ts";
import { formatDuration } from "../../text/duration.ts";
import type { Summary } from "../../admin/summary.ts";
import type { PageContext } from "../components/layout.tsx";
import { Table } from "../components/table.tsx";
import { count } from "../components/time.tsx";

function Figure(
  { name, amount, baseline, href, children }: {
    name: string;
    amount: number;
    baseline: number | undefined;
    href: string;
    children: Content;
  },
): Html {
  return (
    <li>
      <a href={href}>
        <span class="figure">{count(amount)}</span> <span class="name">{name}</span>
      </a>
      <span class="quiet">
        {baseline === undefined ? "no baseline yet" : `baseline: ${count(baseline)} a day`}
      </span>
      <span class="quiet">{children}</span>
    </li>
  );
}

/** The figures of the last 24 hours, each with the way to what is behind it. */
export function TodayList(
  { frame, today, retryWindow, summary }: {
    frame: PageContext;
    today: Today;
    retryWindow: number;
    summary: Summary;
  },
): Html {
  const { last, baseline } = today;
  const link = (reasons: readonly string[]) =>
    `${frame.prefix}/decisions?reason=${reasons.join(",")}`;
  const baselineOf = (figure: keyof TodayFigures) => baseline?.[figure];
  const { p50 } = summary.delays;
  return (
    <ul class="figures">
      <Figure
        name="stopped"
        amount={last.stopped}
        baseline={baselineOf("stopped")}
        href={`${frame.prefix}/lost`}
      >
        {`did not come back within ${formatDuration(retryWindow)}`}
      </Figure>
      <Figure
        name="delayed"
        amount={last.delayed}
        baseline={baselineOf("delayed")}
        href={link(["retried"])}
      >
        {p50 === undefined
          ? "messages that waited, then passed"
          : `then passed, half within ${upTo(p50)}`}
      </Figure>
      <Figure
        name="passed at once"
        amount={last.passedUndelayed}
        baseline={baselineOf("passedUndelayed")}
        href={link(AT_ONCE)}
      >
        recipients, without any wait
      </Figure>
      <Figure
        name="put off"
        amount={last.deferred}
        baseline={baselineOf("deferred")}
        href={link(["new"])}
      >
        strangers asked to come back
      </Figure>
      <Figure
        name="blocked"
        amount={last.blocked}
        baseline={baselineOf("blocked")}
        href={link(["blocked"])}
      >
        refused by your list
      </Figure>
    </ul>
  );
}

function upTo(seconds: number): string {
  return seconds === Infinity ? "more than 2 d" : formatDuration(seconds * 1000);
}

/** How long accepted mail had to wait. */
export function DelayPanel({ summary, words }: { summary: Summary; words: string }): Html {
  const { count: all, p50, p90, histogram } = summary.delays;
  if (all === 0) {
    return <p class="empty">{`No mail was delayed and then accepted in ${words}.`}</p>;
  }
  const most = Math.max(...histogram.map((one) => one.count));
  return (
    <>
      <p>
        {`${count(all)} messages waited and were accepted in ${words}: half of them at most `}
        <strong>{upTo(p50!)}</strong> (p50), nine of ten at most <strong>{upTo(p90!)}</strong>{" "}
        (p90).
      </p>
      <Table
        caption="How long accepted mail had to wait"
        columns={[
          { head: "Waited" },
          { head: "Messages", kind: "number" },
          { head: "Share", kind: "wide" },
        ]}
        empty=""
        rows={histogram.filter((one) => one.count > 0).map((one) => ({
          key: one.upTo,
          cells: [
            one.upTo === Infinity ? "more than 2 d" : `up to ${upTo(one.upTo)}`,
            count(one.count),
            <meter min={0} max={most} value={one.count} aria-label={`${one.count} of ${all}`} />,
          ],
        }))}
      />
    </>
  );
}
