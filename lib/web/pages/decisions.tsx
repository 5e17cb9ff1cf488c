/**
 * The table of decisions.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import { REASON_TEXTS } from "../../greylist/model.ts";
import type { StoredDecision } from "../../store/history.ts";
import { formatDuration } from "../../text/duration.ts";
import { type PageContext, RowMenu } from "../components/layout.tsx";
import { Table } from "../components/table.tsx";
import { Text } from "../components/text.tsx";
import { Ago } from "../components/time.tsx";
import { ClientLink, EntryLinks, Envelope, nameOf } from "./mail_cells.tsx";

export const DECISION_NAMES: Readonly<Record<StoredDecision["decision"], string>> = {
  pass: "passed",
  defer: "deferred",
  reject: "rejected",
};

export function DecisionBadge({ of: { decision, shadow } }: { of: StoredDecision }): JSX.Element {
  if (shadow === undefined) {
    return <span class={`badge ${decision}`}>{DECISION_NAMES[decision]}</span>;
  }
  return <span class={`badge ${shadow}`}>{`passed (shadow: ${DECISION_NAMES[shadow]})`}</span>;
}

/** Delay, list entry and origin of a decision. */
function detailsOf({ by, wait, delayed, origin }: StoredDecision): string {
  return [
    wait === undefined ? "" : `, retry accepted after ${formatDuration(wait)}`,
    delayed === undefined ? "" : `, after ${formatDuration(delayed)}`,
    by === undefined ? "" : `, ${by}`,
    origin === undefined ? "" : `, ${origin}`,
  ].join("");
}

export function Reason({ page, of }: { page: PageContext; of: StoredDecision }): JSX.Element {
  return (
    <span class="small">
      <a href={`${page.prefix}/decisions?reason=${of.reason}`}>{of.reason}</a>
      <span class="muted">
        <Text of={detailsOf(of)} maxLength={90} />
      </span>
    </span>
  );
}

/** The reasons on a page, with their sentences. */
function ReasonLegend({ rows }: { rows: readonly StoredDecision[] }): JSX.Element {
  const reasons = [...new Set(rows.map(({ reason }) => reason))].toSorted();
  if (reasons.length === 0) return <span hidden />;
  return (
    <details id="reasons">
      <summary>Reasons explained</summary>
      <dl class="facts">
        {reasons.map((reason) => (
          <>
            <dt>{reason}</dt>
            <dd>{REASON_TEXTS[reason]}</dd>
          </>
        ))}
      </dl>
    </details>
  );
}

export function DecisionTable(
  { page, rows, isHashed, empty }: {
    page: PageContext;
    rows: readonly StoredDecision[];
    /** Only hashes are stored: no entry can be made from them. */
    isHashed: boolean;
    empty: string;
  },
): JSX.Element {
  return (
    <>
      <Table
        caption="Decisions, newest first"
        style="mail"
        columns={[
          { head: "Mail", kind: "mail" },
          { head: "Decision", kind: "state" },
          { head: "Client", kind: "client" },
          { head: "Time", kind: "time" },
          { head: "Actions", kind: "actions" },
        ]}
        empty={empty}
        rows={rows.map((row) => {
          const path = `${page.prefix}/decisions/${row.id}`;
          return {
            key: row.id,
            cells: [
              <Envelope page={page} of={row} />,
              <>
                <DecisionBadge of={row} /> <Reason page={page} of={row} />
              </>,
              <ClientLink page={page} of={row} />,
              <Ago at={row.time} now={page.now} />,
              <div class="buttons">
                <a
                  class="button only-wide"
                  href={path}
                  aria-label={`Details of ${nameOf(row)}`}
                >
                  Details
                </a>
                <RowMenu id={`decision-${row.id}`} label={`More actions for ${nameOf(row)}`}>
                  <a class="button" href={path}>Details</a>
                  {isHashed
                    ? ""
                    : <EntryLinks page={page} source={`decision=${row.id}`} of={row} />}
                </RowMenu>
              </div>,
            ],
          };
        })}
      />
      <ReasonLegend rows={rows} />
    </>
  );
}
