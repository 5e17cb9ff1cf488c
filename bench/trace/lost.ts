/**
 * The ranking of possibly lost mail, once a day of the trace: how much legitimate mail is among the
 * first ten rows that Greylag shows.
 *
 * @module
 */
import { findLost, LOST_AFTER, LOST_THRESHOLD } from "../../lib/admin/queries.ts";
import { openStore } from "../../lib/store/open.ts";
import type { Deferral } from "../../lib/store/history.ts";
import { pause } from "../../tests/eventually.ts";
import type { Kind, Trace } from "./model.ts";
import type { PolicyServer } from "./servers.ts";

const DAY_SECONDS = 86_400;

const SHOWN = 10;

/** The daemon stores its history a moment after it answers, in milliseconds. */
const HISTORY_DELAY = 1500;

/** Figures of one day. */
export interface LostDay {
  /** Rows among the first ten, and those of legitimate mail. */
  readonly shown: number;
  readonly legitimate: number;
  /** All deferrals that were not retried, and those of legitimate mail. */
  readonly all: number;
  readonly allLegitimate: number;
}

const keyOf = (sender: string, recipient: string) =>
  `${sender.toLowerCase()} ${recipient.toLowerCase()}`;

/** A test for deferrals of the legitimate mail of a trace. */
function legitimacyOf(trace: Trace): (deferral: Deferral) => boolean {
  const kinds = new Map<string, Kind>();
  for (const { kind, sender, recipients } of trace.messages) {
    for (const recipient of recipients) kinds.set(keyOf(sender, recipient), kind);
  }
  return ({ sender, recipient }) => kinds.get(keyOf(sender, recipient)) === "legitimate";
}

function lookAt(database: string, seconds: number, isLegitimate: (one: Deferral) => boolean) {
  const store = openStore({ database, privacy: false });
  try {
    const before = seconds * 1000 - LOST_AFTER;
    const first = findLost(
      store.history,
      { text: "", limit: SHOWN, threshold: LOST_THRESHOLD },
      before,
    ).rows;
    const all = findLost(store.history, { text: "", limit: Infinity }, before).rows;
    const legitimate = (rows: typeof all) =>
      rows.filter(({ deferral }) => isLegitimate(deferral)).length;
    return {
      shown: first.length,
      legitimate: legitimate(first),
      all: all.length,
      allLegitimate: legitimate(all),
    };
  } finally {
    store.close();
  }
}

/** A server that is looked at each day of the trace. */
export function observeLost(
  server: PolicyServer,
  trace: Trace,
  database: string,
): { readonly server: PolicyServer; readonly days: readonly LostDay[] } {
  const isLegitimate = legitimacyOf(trace);
  const days: LostDay[] = [];
  let next = trace.start + DAY_SECONDS;
  const observed: PolicyServer = {
    ...server,
    async ask(attempt) {
      if (attempt.time >= next) {
        await pause(HISTORY_DELAY);
        days.push(lookAt(database, next, isLegitimate));
        next += DAY_SECONDS * Math.ceil((attempt.time + 1 - next) / DAY_SECONDS);
      }
      return await server.ask(attempt);
    },
  };
  return { server: observed, days };
}

/** One sentence about all days. */
export function lostSentence(days: readonly LostDay[]): string {
  const sum = (name: keyof LostDay) => days.reduce((total, day) => total + day[name], 0);
  const percent = (part: number, whole: number) =>
    whole === 0 ? "none" : `${(100 * part / whole).toFixed(0)} %`;
  return `Possibly lost mail, looked at on ${days.length} days: ${
    percent(sum("legitimate"), sum("shown"))
  } of the first ${SHOWN} rows are legitimate (${sum("legitimate")} of ${sum("shown")}), against ${
    percent(sum("allLegitimate"), sum("all"))
  } of all deferrals that were not retried (${sum("allLegitimate")} of ${sum("all")}).`;
}
