/**
 * The trend: stacked bars as inline SVG, with the same numbers as a table. Each column links to the
 * decisions behind it.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import type { Bucket, Figures, Period } from "../../admin/statistics.ts";
import type { PageContext } from "./layout.tsx";
import { Table } from "./table.tsx";
import { At, count } from "./time.tsx";

interface Series {
  readonly figure: keyof Figures;
  readonly name: string;
  /** The class of its bars and its swatch. */
  readonly style: string;
}

const SERIES: readonly Series[] = [
  { figure: "passedUndelayed", name: "passed without delay", style: "passed-undelayed" },
  { figure: "retried", name: "retried", style: "retried" },
  { figure: "deferred", name: "deferred", style: "deferred" },
  { figure: "blocked", name: "blocked", style: "blocked" },
];

/** The plot of wide and of narrow screens, in pixels: text of a scaled drawing would not be readable. */
const WIDTHS = { wide: 1140, narrow: 340 } as const;
const HEIGHT = 240;

/** Least width of a label below the plot. */
const LABEL = 76;
const LEFT = 52;
const BOTTOM = 24;
const TOP = 36;

/** Rounds up to 1, 2 or 5 times a power of ten, for the top of the scale; at least 5. */
export function roundUp(amount: number): number {
  if (amount <= 5) return 5;
  const power = 10 ** Math.floor(Math.log10(amount));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= amount)!;
}

const sum = (bucket: Bucket) => SERIES.reduce((all, { figure }) => all + bucket[figure], 0);

const iso = (time: number) => new Date(time).toISOString();

function summaryOf(bucket: Bucket): string {
  const parts = SERIES.filter(({ figure }) => bucket[figure] > 0)
    .map(({ figure, name }) => `${count(bucket[figure])} ${name}`);
  return parts.length === 0 ? "no requests" : parts.join(", ");
}

/** One column: its bars, and a line of text above the chart while it is hovered or focused. */
function Column(
  { page, bucket, at, step, top, isNarrow }: {
    page: PageContext;
    bucket: Bucket;
    at: number;
    step: number;
    top: number;
    isNarrow: boolean;
  },
): JSX.Element {
  const { from, length } = bucket;
  const x = LEFT + at * step;
  let y = HEIGHT - BOTTOM;
  const time = `${iso(from).slice(0, 16).replace("T", " ")} UTC`;
  const summary = summaryOf(bucket);
  return (
    <a
      class="column"
      href={`${page.prefix}/decisions?from=${iso(from)}&until=${iso(from + length)}`}
      aria-label={`${time}: ${summary}`}
    >
      <rect class="hit" x={x.toFixed(1)} y={TOP} width={step.toFixed(1)} height={y - TOP} />
      {SERIES.map(({ figure, style }) => {
        const height = bucket[figure] / top * (HEIGHT - BOTTOM - TOP);
        y -= height;
        if (height === 0) return "";
        return (
          <rect
            class={`mark ${style}`}
            x={(x + step * 0.1).toFixed(1)}
            y={y.toFixed(1)}
            width={(step * 0.8).toFixed(1)}
            height={height.toFixed(1)}
          />
        );
      })}
      <text class="tip" x={LEFT} y={14} aria-hidden="true">
        <tspan data-at={iso(from)} data-form="full">{time}</tspan>
        {isNarrow ? "" : `: ${summary}`}
      </text>
      {!isNarrow ? "" : <text class="tip" x={0} y={28} aria-hidden="true">{summary}</text>}
    </a>
  );
}

function Axes({ buckets, top, period, width, step }: {
  buckets: readonly Bucket[];
  top: number;
  period: Period;
  width: number;
  step: number;
}): JSX.Element {
  // Days begin every fourth bucket of a week.
  const unit = period === "7d" ? 4 : 1;
  const every = Math.ceil(LABEL / step / unit) * unit;
  const y = (share: number) => HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
  return (
    <>
      {[0, 0.5, 1].map((share) => (
        <>
          <line class="axis" x1={LEFT} x2={width} y1={y(share)} y2={y(share)} />
          <text class="scale" x={LEFT - 8} y={y(share) + 4} text-anchor="end">
            {Number.isInteger(top * share) ? count(top * share) : String(top * share)}
          </text>
        </>
      ))}
      {buckets.map(({ from }, at) => {
        if (at % every !== 0) return "";
        const date = iso(from);
        return (
          <text
            class="scale"
            x={(LEFT + at * step).toFixed(1)}
            y={HEIGHT - 6}
            data-at={date}
            data-form={period === "24h" ? "hour" : "day"}
          >
            {period === "24h" ? date.slice(11, 16) : date.slice(5, 10)}
          </text>
        );
      })}
    </>
  );
}

function Plot(
  { page, buckets, period, top, label, size }: {
    page: PageContext;
    buckets: readonly Bucket[];
    period: Period;
    top: number;
    label: string;
    size: keyof typeof WIDTHS;
  },
): JSX.Element {
  const width = WIDTHS[size];
  const step = (width - LEFT) / buckets.length;
  return (
    <svg
      class={`plot-${size}`}
      viewBox={`0 0 ${width} ${HEIGHT}`}
      role="group"
      aria-label={label}
    >
      <Axes buckets={buckets} top={top} period={period} width={width} step={step} />
      {buckets.map((bucket, at) => (
        <Column
          page={page}
          bucket={bucket}
          at={at}
          step={step}
          top={top}
          isNarrow={size === "narrow"}
        />
      ))}
    </svg>
  );
}

/** The trend of a period. */
export function Trend(
  { page, buckets, period, name }: {
    page: PageContext;
    buckets: readonly Bucket[];
    period: Period;
    /** Such as `the last 7 days`. */
    name: string;
  },
): JSX.Element {
  const most = Math.max(...buckets.map(sum));
  if (most === 0) return <p class="empty">{`Postfix sent no request in ${name}.`}</p>;
  const top = roundUp(most);
  const totals = SERIES.map(({ figure, name }) =>
    `${count(buckets.reduce((all, one) => all + one[figure], 0))} ${name}`
  );
  return (
    <>
      {(["wide", "narrow"] as const).map((size) => (
        <Plot
          page={page}
          buckets={buckets}
          period={period}
          top={top}
          label={`Requests of ${name}: ${totals.join(", ")}`}
          size={size}
        />
      ))}
      <ul class="legend">
        {SERIES.map(({ name, style }) => (
          <li>
            <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
              <rect class={`mark ${style}`} width="10" height="10" />
            </svg>{" "}
            {name}
          </li>
        ))}
      </ul>
      <details id="trend-table">
        <summary>Table</summary>
        <Table
          caption={`Requests of ${name}`}
          columns={[
            { head: "From" },
            ...SERIES.map(({ name }) => ({ head: name, kind: "number labelled" }) as const),
          ]}
          empty=""
          rows={buckets.map((bucket) => ({
            key: bucket.from,
            cells: [
              <At at={bucket.from} />,
              ...SERIES.map(({ figure }) => count(bucket[figure])),
            ],
          }))}
        />
      </details>
    </>
  );
}
