/**
 * The figures of the last 24 hours, and the delays of accepted mail.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";
import {
  type Summary,
  type Today,
  type TodayFigures,
  UNDELAYED_REASONS,
} from "../../admin/statistics.ts";
import { formatDuration, SECOND } from "../../text/duration.ts";
import type { PageContext } from "../components/layout.tsx";
import { Table } from "../components/table.tsx";
import { count } from "../components/time.tsx";

function Figure(
  { name, amount, baseline, href, children }: {
    name: string;
    amount: number;
    baseline: number | undefined;
    href: string;
    children: Child;
  },
): JSX.Element {
  return (
    <li>
      <a href={href}>
        <span class="figure">{count(amount)}</span> <span class="name">{name}</span>
      </a>
      <span class="muted">
        {baseline === undefined ? "no baseline yet" : `baseline: ${count(baseline)} a day`}
      </span>
      <span class="muted">{children}</span>
    </li>
  );
}

/** Each figure links to its rows. */
export function TodayList(
  { page, today, retryWindow, summary }: {
    page: PageContext;
    today: Today;
    /** Milliseconds. */
    retryWindow: number;
    summary: Summary;
  },
): JSX.Element {
  const { last, baseline } = today;
  const decisions = (reasons: readonly string[]) =>
    `${page.prefix}/decisions?reason=${reasons.join(",")}`;
  const baselineOf = (figure: keyof TodayFigures) => baseline?.[figure];
  const { p50 } = summary.delays;
  return (
    <ul class="figures">
      <Figure
        name="not retried"
        amount={last.notRetried}
        baseline={baselineOf("notRetried")}
        href={`${page.prefix}/lost`}
      >
        {`within ${formatDuration(retryWindow)}`}
      </Figure>
      <Figure
        name="delayed"
        amount={last.delayed}
        baseline={baselineOf("delayed")}
        href={decisions(["retried"])}
      >
        {p50 === undefined
          ? "messages accepted after a retry"
          : `accepted after a retry, half within ${upTo(p50)}`}
      </Figure>
      <Figure
        name="passed without delay"
        amount={last.passedUndelayed}
        baseline={baselineOf("passedUndelayed")}
        href={decisions(UNDELAYED_REASONS)}
      >
        recipients
      </Figure>
      <Figure
        name="deferred"
        amount={last.deferred}
        baseline={baselineOf("deferred")}
        href={decisions(["new", "trap"])}
      >
        first attempts
      </Figure>
      <Figure
        name="blocked"
        amount={last.blocked}
        baseline={baselineOf("blocked")}
        href={decisions(["blocked", "listed"])}
      >
        rejected by the block list or a DNS list
      </Figure>
    </ul>
  );
}

function upTo(seconds: number): string {
  return seconds === Infinity ? "more than 2d" : formatDuration(seconds * SECOND);
}

/** The distribution of the delays of accepted mail. */
export function DelayPanel(
  { summary, period }: { summary: Summary; period: string },
): JSX.Element {
  const { count: total, p50, p90, histogram } = summary.delays;
  if (total === 0) {
    return <p class="empty">{`No delayed mail was accepted in ${period}.`}</p>;
  }
  const max = Math.max(...histogram.map((bucket) => bucket.count));
  return (
    <>
      <p>
        {`${count(total)} messages were accepted after a retry in ${period}. Delay: `}
        <strong>{upTo(p50!)}</strong> median, <strong>{upTo(p90!)}</strong> 90th percentile.
      </p>
      <Table
        caption="Delay of accepted mail"
        columns={[
          { head: "Delay" },
          { head: "Messages", kind: "number" },
          { head: "Share", kind: "wide" },
        ]}
        empty=""
        rows={histogram.filter((bucket) => bucket.count > 0).map((bucket) => ({
          key: bucket.upTo,
          cells: [
            bucket.upTo === Infinity ? "more than 2d" : `up to ${upTo(bucket.upTo)}`,
            count(bucket.count),
            <meter
              min={0}
              max={max}
              value={bucket.count}
              aria-label={`${bucket.count} of ${total}`}
            />,
          ],
        }))}
      />
    </>
  );
}
