/**
 * The status sentence, the figures of a period and the delays of accepted mail. Each figure links to
 * the list behind it, over the same window.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";
import {
  type Delays,
  type PeriodFigures,
  type Report,
  UNDELAYED_REASONS,
} from "../../admin/statistics.ts";
import { formatDuration, SECOND } from "../../text/duration.ts";
import type { PageContext } from "../components/layout.tsx";
import { Table } from "../components/table.tsx";
import { count } from "../components/time.tsx";

interface FigureLinks {
  readonly stopped: string;
  readonly delayed: string;
  readonly passed: string;
  readonly deferred: string;
  readonly blocked: string;
}

function linksOf({ prefix }: PageContext, since: number): FigureLinks {
  const from = `from=${new Date(since).toISOString()}`;
  const decisions = (reasons: readonly string[]) =>
    `${prefix}/decisions?reason=${reasons.join(",")}&${from}`;
  return {
    stopped: `${prefix}/deferred?state=not-retried&${from}`,
    delayed: decisions(["retried"]),
    passed: decisions(UNDELAYED_REASONS),
    deferred: `${prefix}/deferred?${from}`,
    blocked: decisions(["blocked"]),
  };
}

function upTo(seconds: number): string {
  return seconds === Infinity ? "more than 2d" : formatDuration(seconds * SECOND);
}

export interface StatusState {
  readonly text: string;
  readonly style: "" | "bad" | "wait";
}

/** The state of the daemon and the figures of a period in one sentence. */
export function StatusSentence(
  { page, report: { figures, delays, since }, state, name, isIdle }: {
    page: PageContext;
    report: Report;
    state: StatusState;
    /** Such as `the last 7 days`. */
    name: string;
    /** Postfix has sent no request yet. */
    isIdle: boolean;
  },
): JSX.Element {
  const links = linksOf(page, since);
  const head = <span class={`state ${state.style}`}>{state.text}</span>;
  if (isIdle) {
    return (
      <p class="status">
        {head} No request from Postfix yet. See “Hook into Postfix” in the README.
      </p>
    );
  }
  return (
    <p class="status">
      {head} {`In ${name}: `}
      <a href={links.stopped}>{count(figures.deferrals["not-retried"])} messages stopped</a>,{" "}
      <a href={links.delayed}>{count(figures.delayed)} delayed</a>
      {delays.p50 === undefined ? "" : ` (half within ${upTo(delays.p50)})`},{" "}
      <a href={links.passed}>{count(figures.passedUndelayed)} passed undelayed</a>.
    </p>
  );
}

/** A larger increase shows the previous amount instead. */
const MAX_PERCENT = 300;

/** The change against the period before, in percent. */
export function changeOf(now: number, before: number | undefined): string {
  if (before === undefined) return "no comparison yet";
  if (before === 0) return now === 0 ? "as before" : "none before";
  const change = Math.round((now / before - 1) * 100);
  if (change > MAX_PERCENT) return `${count(before)} before`;
  if (change === 0) return "as before";
  return change > 0 ? `+${count(change)} % on before` : `−${count(-change)} % on before`;
}

function Figure(
  { name, amount, before, href, children }: {
    name: string;
    amount: number;
    before: number | undefined;
    href: string;
    children: Child;
  },
): JSX.Element {
  return (
    <li>
      <a href={href}>
        <span class="figure">{count(amount)}</span>
        <span class="name">{name}</span>
      </a>
      <span class="muted">{children}</span>
      <span class="muted">{changeOf(amount, before)}</span>
    </li>
  );
}

/** The figures of a period; the comparison is with the period before, as long as this one. */
export function FigureList({ page, report }: { page: PageContext; report: Report }): JSX.Element {
  const { figures, before, since } = report;
  const links = linksOf(page, since);
  const deferrals = (of: PeriodFigures) => Object.values(of.deferrals).reduce((a, b) => a + b, 0);
  return (
    <ul class="figures">
      <Figure
        name="stopped"
        amount={figures.deferrals["not-retried"]}
        before={before?.deferrals["not-retried"]}
        href={links.stopped}
      >
        messages not retried for 6h
      </Figure>
      <Figure
        name="deferred"
        amount={deferrals(figures)}
        before={before && deferrals(before)}
        href={links.deferred}
      >
        messages, first attempts
      </Figure>
      <Figure name="delayed" amount={figures.delayed} before={before?.delayed} href={links.delayed}>
        messages accepted at a retry
      </Figure>
      <Figure
        name="passed undelayed"
        amount={figures.passedUndelayed}
        before={before?.passedUndelayed}
        href={links.passed}
      >
        recipients
      </Figure>
      <Figure name="blocked" amount={figures.blocked} before={before?.blocked} href={links.blocked}>
        rejected by the block list
      </Figure>
    </ul>
  );
}

/** The distribution of the delays of accepted mail. */
export function DelayPanel({ delays, period }: { delays: Delays; period: string }): JSX.Element {
  const { count: total, p50, p90, histogram } = delays;
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
      <details id="delay-table">
        <summary>Distribution</summary>
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
      </details>
    </>
  );
}
