/**
 * The tables of auto-whitelisted origins and of known senders.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import { type AutoWhitelisted, KIND_TEXTS } from "../../admin/queries.ts";
import type { StoredRelation } from "../../store/store.ts";
import type { PageContext } from "../components/layout.tsx";
import { Table } from "../components/table.tsx";
import { Sender, Text } from "../components/text.tsx";
import { Ago, count } from "../components/time.tsx";

export function AutoWhitelistedTable(
  { page, rows, empty }: { page: PageContext; rows: readonly AutoWhitelisted[]; empty: string },
): JSX.Element {
  return (
    <Table
      caption="Auto-whitelisted origins"
      columns={[
        { head: "Origin" },
        { head: "Skips greylisting for" },
        { head: "Retried", kind: "number labelled" },
        { head: "Abandoned", kind: "number labelled" },
        { head: "Since", kind: "labelled" },
        { head: "Last used", kind: "labelled" },
      ]}
      empty={empty}
      rows={rows.map(({ name, kind, retried, abandoned, firstSeen, lastSeen }) => ({
        key: name,
        cells: [
          <Text of={name} />,
          KIND_TEXTS[kind],
          count(retried),
          count(abandoned),
          <Ago at={firstSeen} now={page.now} />,
          <Ago at={lastSeen} now={page.now} />,
        ],
      }))}
    />
  );
}

export function KnownTable(
  { page, rows, empty }: { page: PageContext; rows: readonly StoredRelation[]; empty: string },
): JSX.Element {
  return (
    <Table
      caption="Known senders"
      columns={[
        { head: "Sender" },
        { head: "Recipient" },
        { head: "Origins" },
        { head: "Last used", kind: "labelled" },
      ]}
      empty={empty}
      rows={rows.map(({ sender, recipient, origins, lastSeen }) => ({
        key: `${sender} ${recipient}`,
        cells: [
          <Sender of={sender} />,
          <Text of={recipient} />,
          <Text of={origins.toReversed().join(", ")} />,
          <Ago at={lastSeen} now={page.now} />,
        ],
      }))}
    />
  );
}
