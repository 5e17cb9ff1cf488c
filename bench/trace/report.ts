/** Tables of the outcomes of several servers on one trace. */
import type { Outcome } from "./play.ts";
import { DAY, type Kind, START } from "./model.ts";

export interface Run {
  readonly server: string;
  readonly outcomes: readonly Outcome[];
  /** Real time that the run took, in seconds. */
  readonly seconds: number;
}

/** Figures of some deliveries. */
export interface Summary {
  readonly deliveries: number;
  readonly accepted: number;
  /** Accepted after a retry. */
  readonly delayed: number;
  /** Seconds, over all accepted deliveries. */
  readonly delaySum: number;
  /** Never accepted, or accepted after more than ten minutes. */
  readonly lateOrLost: number;
}

const LATE = 600;

/** Messages after this time show what remains once the server has learnt, in seconds since the epoch. */
const SETTLED = START + 14 * DAY;

export function summarise(outcomes: readonly Outcome[]): Summary {
  let accepted = 0, delayed = 0, delaySum = 0, lateOrLost = 0;
  for (const { delay } of outcomes) {
    if (delay !== undefined) {
      accepted++;
      delaySum += delay;
      if (delay > 0) delayed++;
    }
    if (delay === undefined || delay > LATE) lateOrLost++;
  }
  return { deliveries: outcomes.length, accepted, delayed, delaySum, lateOrLost };
}

const ofKind = ({ outcomes }: Run, kind: Kind, className?: string): Outcome[] =>
  outcomes.filter(({ message }) =>
    message.kind === kind && (className === undefined || message.class === className)
  );

const percent = (part: number, whole: number, digits = 1): string =>
  whole === 0 ? "-" : `${(100 * part / whole).toFixed(digits)} %`;

const hours = (seconds: number): string => `${(seconds / 3600).toFixed(1)} h`;

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `| ${
      row.map((cell, at) => at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))
        .join(" | ")
    } |`;
  const [head, ...body] = rows;
  const rule = widths.map((width, at) =>
    at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`
  );
  return [line(head!), line(rule), ...body.map(line)].join("\n");
}

const settled = (outcomes: readonly Outcome[]): Outcome[] =>
  outcomes.filter(({ message }) => message.time >= SETTLED);

/** One row a server; delays, lost mail and spam as shares of postgrey's where postgrey ran. */
export function comparison(runs: readonly Run[]): string {
  const postgrey = runs.find(({ server }) => server === "postgrey");
  const share = (run: Run, figure: (run: Run) => number): string =>
    postgrey === undefined ? "-" : percent(figure(run), figure(postgrey));
  const delays = (run: Run) => summarise(ofKind(run, "legitimate")).delaySum;
  const settledDelays = (run: Run) => summarise(settled(ofKind(run, "legitimate"))).delaySum;
  const lost = (run: Run) => {
    const { accepted, deliveries } = summarise(ofKind(run, "legitimate"));
    return deliveries - accepted;
  };
  const acceptedSpam = (run: Run) => summarise(ofKind(run, "spam")).accepted;
  const rows = runs.map((run) => {
    const legitimate = summarise(ofKind(run, "legitimate"));
    const codes = summarise(ofKind(run, "legitimate", "login code"));
    const spam = summarise(ofKind(run, "spam"));
    const { deliveries, accepted, delayed, delaySum } = legitimate;
    return [
      run.server,
      hours(delaySum),
      share(run, delays),
      share(run, settledDelays),
      percent(delayed, deliveries),
      `${(delaySum / Math.max(1, accepted)).toFixed(0)} s`,
      percent(deliveries - accepted, deliveries, 2),
      share(run, lost),
      percent(codes.lateOrLost, codes.deliveries),
      `${(codes.delaySum / Math.max(1, codes.accepted)).toFixed(0)} s`,
      percent(spam.accepted, spam.deliveries),
      share(run, acceptedSpam),
      `${run.seconds.toFixed(0)} s`,
    ];
  });
  const head = [
    "server",
    "sum of delays",
    "of postgrey's",
    "after 14 d",
    "delayed",
    "mean delay",
    "lost",
    "of postgrey's",
    "codes > 10 min or lost",
    "codes' mean delay",
    "spam accepted",
    "of postgrey's",
    "run time",
  ];
  return table([head, ...rows]);
}

/** One row a class: the sum of delays of legitimate mail, or the share of spam that was accepted. */
export function classes(runs: readonly Run[], kind: "legitimate" | "spam"): string {
  const [first] = runs;
  if (first === undefined) return "";
  const names = [...new Set(ofKind(first, kind).map(({ message }) => message.class))].sort();
  const cell = (run: Run, name: string): string => {
    const { accepted, deliveries, delaySum } = summarise(ofKind(run, kind, name));
    if (kind === "spam") return percent(accepted, deliveries);
    const lost = deliveries - accepted;
    return lost === 0 ? hours(delaySum) : `${hours(delaySum)}, ${lost} lost`;
  };
  const head = [
    kind === "spam" ? "spam accepted" : "sum of delays",
    "deliveries",
    ...runs.map(({ server }) => server),
  ];
  return table([
    head,
    ...names.map((name) => [
      name,
      String(ofKind(first, kind, name).length),
      ...runs.map((run) => cell(run, name)),
    ]),
  ]);
}
