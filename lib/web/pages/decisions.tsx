/**
 * Decisions, one by one.
 *
 * @module
 */
import type { Html } from "../components/html.ts";
import { REASON_TEXTS } from "../../greylist/model.ts";
import { formatDuration } from "../../text/duration.ts";
import type { StoredDecision } from "../../store/history.ts";
import type { PageContext } from "../components/layout.tsx";
import { Table } from "../components/table.tsx";
import { Client, Sender, Text } from "../components/text.tsx";
import { Ago } from "../components/time.tsx";

const WORDS: Readonly<Record<StoredDecision["decision"], string>> = {
  pass: "passed",
  defer: "put off",
  reject: "refused",
};

function Decision({ of }: { of: StoredDecision }): Html {
  const { decision, shadow } = of;
  if (shadow === undefined) return <span class={`mark ${decision}`}>{WORDS[decision]}</span>;
  return <span class={`mark ${shadow}`}>{`passed, would have been ${WORDS[shadow]}`}</span>;
}

function Why({ of }: { of: StoredDecision }): Html {
  const { reason, by, wait, delayed, origin } = of;
  return (
    <>
      <span title={REASON_TEXTS[reason]}>{reason}</span>
      {wait === undefined ? "" : `, ${formatDuration(wait)} to wait`}
      {delayed === undefined ? "" : `, after ${formatDuration(delayed)}`}
      {by === undefined ? "" : (
        <span class="quiet">
          , <Text of={by} />
        </span>
      )}
      {origin === undefined ? "" : (
        <span class="quiet">
          , <Text of={origin} />
        </span>
      )}
    </>
  );
}

function Buttons({ frame, of }: { frame: PageContext; of: StoredDecision }): Html {
  const path = `${frame.prefix}/lists/new?decision=${of.id}&list=`;
  const whom = of.sender === "" ? "the null sender" : of.sender;
  return (
    <div class="buttons">
      <a class="button" href={`${path}allow`} aria-label={`Allow … of ${whom}`}>Allow …</a>
      <a class="button" href={`${path}block`} aria-label={`Block … of ${whom}`}>Block …</a>
    </div>
  );
}

/** Decisions. */
export function DecisionTable(
  { frame, rows, isHidden, empty }: {
    frame: PageContext;
    rows: readonly StoredDecision[];
    isHidden: boolean;
    empty: string;
  },
): Html {
  return (
    <Table
      caption="Decisions, the newest first"
      columns={[
        { head: "When" },
        { head: "Decision" },
        { head: "Why" },
        { head: "Sender" },
        { head: "Recipient" },
        { head: "Client" },
        { head: "What to do", kind: "actions" },
      ]}
      empty={empty}
      rows={rows.map((one) => ({
        key: one.id,
        cells: [
          <Ago at={one.time} now={frame.now} />,
          <Decision of={one} />,
          <Why of={one} />,
          <Sender of={one.sender} />,
          <Text of={one.recipient} />,
          <Client of={one} />,
          isHidden ? "" : <Buttons frame={frame} of={one} />,
        ],
      }))}
    />
  );
}
