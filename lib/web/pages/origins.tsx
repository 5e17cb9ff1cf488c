/**
 * The tables of auto-whitelisted origins and of known senders.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import type { StoredOrigin, StoredTriplet } from "../../store/store.ts";
import type { PageContext } from "../components/layout.tsx";
import { Table } from "../components/table.tsx";
import { Sender, Text } from "../components/text.tsx";
import { Ago, count } from "../components/time.tsx";

export function AutoWhitelistedTable(
  { page, rows, empty }: { page: PageContext; rows: readonly StoredOrigin[]; empty: string },
): JSX.Element {
  return (
    <Table
      caption="Auto-whitelisted origins"
      columns={[
        { head: "Origin" },
        { head: "Deliveries", kind: "number" },
        { head: "Since" },
        { head: "Last used" },
      ]}
      empty={empty}
      rows={rows.map(({ name, deliveries, firstSeen, lastSeen }) => ({
        key: name,
        cells: [
          <Text of={name} />,
          count(deliveries),
          <Ago at={firstSeen} now={page.now} />,
          <Ago at={lastSeen} now={page.now} />,
        ],
      }))}
    />
  );
}

export function KnownTable(
  { page, rows, empty }: { page: PageContext; rows: readonly StoredTriplet[]; empty: string },
): JSX.Element {
  return (
    <Table
      caption="Known senders"
      columns={[
        { head: "Sender" },
        { head: "Recipient" },
        { head: "Origin" },
        { head: "Last used" },
      ]}
      empty={empty}
      rows={rows.map(({ sender, recipient, origin, lastSeen }) => ({
        key: `${sender} ${recipient} ${origin}`,
        cells: [
          <Sender of={sender} />,
          <Text of={recipient} />,
          <Text of={origin} />,
          <Ago at={lastSeen} now={page.now} />,
        ],
      }))}
    />
  );
}
