/**
 * The trend: stacked bars as inline SVG, with the same numbers as a table.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import { type Bucket, type Figures, type Period, PERIODS } from "../../admin/statistics.ts";
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

const PERIOD_NAMES: Readonly<Record<Period, string>> = {
  "24h": "24 hours",
  "7d": "7 days",
  "30d": "30 days",
};

const WIDTH = 720;
const HEIGHT = 200;
const LEFT = 44;
const BOTTOM = 24;
const TOP = 8;

/** Rounds up to 1, 2 or 5 times a power of ten, for the top of the scale; at least 5. */
export function roundUp(amount: number): number {
  if (amount <= 5) return 5;
  const power = 10 ** Math.floor(Math.log10(amount));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= amount)!;
}

const sum = (bucket: Bucket) => SERIES.reduce((all, { figure }) => all + bucket[figure], 0);

function Bars({ buckets, top }: { buckets: readonly Bucket[]; top: number }): JSX.Element {
  const plotHeight = HEIGHT - BOTTOM - TOP;
  const step = (WIDTH - LEFT) / buckets.length;
  return (
    <>
      {buckets.map((bucket, at) => {
        let y = HEIGHT - BOTTOM;
        return SERIES.map(({ figure, name, style }) => {
          const height = bucket[figure] / top * plotHeight;
          y -= height;
          if (height === 0) return "";
          return (
            <rect
              class={`bar ${style}`}
              x={(LEFT + at * step + step * 0.1).toFixed(1)}
              y={y.toFixed(1)}
              width={(step * 0.8).toFixed(1)}
              height={height.toFixed(1)}
            >
              <title>{`${count(bucket[figure])} ${name}`}</title>
            </rect>
          );
        });
      })}
    </>
  );
}

function Axes({ buckets, top, period }: {
  buckets: readonly Bucket[];
  top: number;
  period: Period;
}): JSX.Element {
  const step = (WIDTH - LEFT) / buckets.length;
  const every = Math.ceil(buckets.length / 6);
  const y = (share: number) => HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
  return (
    <>
      {[0, 0.5, 1].map((share) => (
        <>
          <line class="axis" x1={LEFT} x2={WIDTH} y1={y(share)} y2={y(share)} />
          <text class="scale" x={LEFT - 6} y={y(share) + 4} text-anchor="end">
            {count(top * share)}
          </text>
        </>
      ))}
      {buckets.map(({ from }, at) => {
        if (at % every !== 0) return "";
        const date = new Date(from).toISOString();
        return (
          <text
            class="scale"
            x={(LEFT + at * step).toFixed(1)}
            y={HEIGHT - 6}
            data-at={date}
            data-form={period === "24h" ? "hour" : "day"}
          >
            {period === "24h" ? `${date.slice(11, 16)}` : date.slice(5, 10)}
          </text>
        );
      })}
    </>
  );
}

/** The trend of a period, with links to the other periods. */
export function Trend(
  { page, buckets, period }: { page: PageContext; buckets: readonly Bucket[]; period: Period },
): JSX.Element {
  const total = buckets.reduce((all, bucket) => all + sum(bucket), 0);
  const top = roundUp(Math.max(...buckets.map(sum)));
  return (
    <>
      <ul class="periods">
        {PERIODS.map((one) => (
          <li>
            <a
              href={`${page.prefix}/?period=${one}#trend`}
              aria-current={one === period ? "true" : undefined}
            >
              {PERIOD_NAMES[one]}
            </a>
          </li>
        ))}
      </ul>
      {total === 0
        ? <p class="empty">{`Postfix sent no request in the last ${PERIOD_NAMES[period]}.`}</p>
        : (
          <>
            <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby="chart-title">
              <title id="chart-title">
                {`Requests of the last ${PERIOD_NAMES[period]}: ${
                  SERIES.map(({ figure, name }) =>
                    `${count(buckets.reduce((all, one) => all + one[figure], 0))} ${name}`
                  ).join(", ")
                }`}
              </title>
              <Axes buckets={buckets} top={top} period={period} />
              <Bars buckets={buckets} top={top} />
            </svg>
            <ul class="legend">
              {SERIES.map(({ name, style }) => (
                <li>
                  <span class={`swatch ${style}`}></span> {name}
                </li>
              ))}
            </ul>
            <details id="trend-table">
              <summary>Table</summary>
              <Table
                caption={`Requests of the last ${PERIOD_NAMES[period]}`}
                columns={[
                  { head: "From" },
                  ...SERIES.map(({ name }) => ({ head: name, kind: "number" }) as const),
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
        )}
    </>
  );
}
