/**
 * The table of decisions.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import { REASON_TEXTS } from "../../greylist/model.ts";
import type { StoredDecision } from "../../store/history.ts";
import { formatDuration } from "../../text/duration.ts";
import type { PageContext } from "../components/layout.tsx";
import { Table } from "../components/table.tsx";
import { Client, Sender, Text } from "../components/text.tsx";
import { Ago } from "../components/time.tsx";

const DECISION_NAMES: Readonly<Record<StoredDecision["decision"], string>> = {
  pass: "passed",
  defer: "deferred",
  reject: "rejected",
};

function Decision({ of: { decision, shadow } }: { of: StoredDecision }): JSX.Element {
  if (shadow === undefined) {
    return <span class={`badge ${decision}`}>{DECISION_NAMES[decision]}</span>;
  }
  return <span class={`badge ${shadow}`}>{`passed (shadow: ${DECISION_NAMES[shadow]})`}</span>;
}

function Reason({ of }: { of: StoredDecision }): JSX.Element {
  const { reason, by, wait, delayed, origin } = of;
  return (
    <>
      <span title={REASON_TEXTS[reason]}>{reason}</span>
      {wait === undefined ? "" : `, retry accepted after ${formatDuration(wait)}`}
      {delayed === undefined ? "" : `, after ${formatDuration(delayed)}`}
      {by === undefined ? "" : (
        <span class="muted">
          , <Text of={by} />
        </span>
      )}
      {origin === undefined ? "" : (
        <span class="muted">
          , <Text of={origin} />
        </span>
      )}
    </>
  );
}

/** Links to the entry form with the sender and client of a message. */
export function EntryLinks(
  { page, source, sender }: { page: PageContext; source: string; sender: string },
): JSX.Element {
  const path = `${page.prefix}/lists/new?${source}&list=`;
  const name = sender === "" ? "the null sender" : sender;
  return (
    <>
      <a class="button" href={`${path}allow`} aria-label={`Allow … ${name}`}>Allow …</a>
      <a class="button" href={`${path}block`} aria-label={`Block … ${name}`}>Block …</a>
    </>
  );
}

export function DecisionTable(
  { page, rows, isHashed, empty }: {
    page: PageContext;
    rows: readonly StoredDecision[];
    /** Whether only hashes are stored, which no entry can be made from. */
    isHashed: boolean;
    empty: string;
  },
): JSX.Element {
  return (
    <Table
      caption="Decisions, newest first"
      columns={[
        { head: "Time" },
        { head: "Decision" },
        { head: "Reason" },
        { head: "Sender" },
        { head: "Recipient" },
        { head: "Client" },
        { head: "Actions", kind: "actions" },
      ]}
      empty={empty}
      rows={rows.map((row) => ({
        key: row.id,
        cells: [
          <Ago at={row.time} now={page.now} />,
          <Decision of={row} />,
          <Reason of={row} />,
          <Sender of={row.sender} />,
          <Text of={row.recipient} />,
          <Client of={row} />,
          isHashed ? "" : (
            <div class="buttons">
              <EntryLinks page={page} source={`decision=${row.id}`} sender={row.sender} />
            </div>
          ),
        ],
      }))}
    />
  );
}
