/**
 * Who passes at once: proven origins, and known senders.
 *
 * @module
 */
import type { Html } from "../components/html.ts";
import type { StoredOrigin, StoredTriplet } from "../../store/store.ts";
import type { PageContext } from "../components/layout.tsx";
import { Table } from "../components/table.tsx";
import { Sender, Text } from "../components/text.tsx";
import { Ago, count } from "../components/time.tsx";

/** Proven origins. */
export function AutoWhitelistedTable(
  { frame, rows, empty }: { frame: PageContext; rows: readonly StoredOrigin[]; empty: string },
): Html {
  return (
    <Table
      caption="Proven origins"
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
          <Ago at={firstSeen} now={frame.now} />,
          <Ago at={lastSeen} now={frame.now} />,
        ],
      }))}
    />
  );
}

/** Known senders. */
export function KnownTable(
  { frame, rows, empty }: { frame: PageContext; rows: readonly StoredTriplet[]; empty: string },
): Html {
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
          <Ago at={lastSeen} now={frame.now} />,
        ],
      }))}
    />
  );
}
