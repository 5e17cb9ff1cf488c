/**
 * The tables of deferred mail: waiting for a retry, and possibly lost.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import type { Lost } from "../../admin/queries.ts";
import type { Deferral } from "../../store/history.ts";
import { formatDuration } from "../../text/duration.ts";
import { ActionButton, type PageContext } from "../components/layout.tsx";
import { Table } from "../components/table.tsx";
import { Client, Sender, Text } from "../components/text.tsx";
import { Ago } from "../components/time.tsx";
import type { StatusSettings } from "../settings.ts";
import { EntryLinks } from "./decisions.tsx";

function Buttons(
  { page, of, isHashed }: { page: PageContext; of: Deferral; isHashed: boolean },
): JSX.Element {
  if (isHashed) return <span class="muted">only hashes are stored</span>;
  const sender = of.sender === "" ? "the null sender" : of.sender;
  return (
    <div class="buttons">
      <ActionButton
        page={page}
        to="/waiting/release"
        fields={{ id: of.id }}
        label={`Accept next retry: ${sender} to ${of.recipient}`}
      >
        Accept next retry
      </ActionButton>
      <EntryLinks page={page} source={`deferral=${of.id}`} sender={of.sender} />
    </div>
  );
}

function Status({ of, now }: { of: Deferral; now: number }): JSX.Element {
  const left = of.acceptedFrom - now;
  return left > 0
    ? <span>{`retry accepted in ${formatDuration(left)}`}</span>
    : <span>next retry will be accepted</span>;
}

/** Deferred mail that may still be retried. */
export function WaitingTable(
  { page, rows, settings, empty }: {
    page: PageContext;
    rows: readonly Deferral[];
    settings: StatusSettings;
    empty: string;
  },
): JSX.Element {
  const { now } = page;
  return (
    <Table
      caption="Mail waiting for a retry"
      columns={[
        { head: "Sender" },
        { head: "Recipient" },
        { head: "Client" },
        { head: "Network" },
        { head: "Tries", kind: "number" },
        { head: "First try" },
        { head: "Status" },
        { head: "Actions", kind: "actions" },
      ]}
      empty={empty}
      rows={rows.map((row) => ({
        key: row.id,
        cells: [
          <Sender of={row.sender} />,
          <Text of={row.recipient} />,
          <Client of={row} />,
          <Text of={row.network} />,
          row.tries,
          <Ago at={row.firstSeen} now={now} />,
          <Status of={row} now={now} />,
          <Buttons page={page} of={row} isHashed={settings.store.privacy} />,
        ],
      }))}
    />
  );
}

/** Deferred mail that was not retried, most likely legitimate first. */
export function LostTable(
  { page, rows, settings, empty }: {
    page: PageContext;
    rows: readonly Lost[];
    settings: StatusSettings;
    empty: string;
  },
): JSX.Element {
  return (
    <Table
      caption="Mail that was not retried"
      columns={[
        { head: "Legitimate?" },
        { head: "Sender" },
        { head: "Recipient" },
        { head: "Client" },
        { head: "Tries", kind: "number" },
        { head: "Last try" },
        { head: "Actions", kind: "actions" },
      ]}
      empty={empty}
      rows={rows.map(({ deferral, legitimacy }) => ({
        key: deferral.id,
        cells: [
          <Legitimacy of={legitimacy} />,
          <Sender of={deferral.sender} />,
          <Text of={deferral.recipient} />,
          <Client of={deferral} />,
          deferral.tries,
          <Ago at={deferral.lastSeen} now={page.now} />,
          <Buttons page={page} of={deferral} isHashed={settings.store.privacy} />,
        ],
      }))}
    />
  );
}

function Legitimacy({ of }: { of: number }): JSX.Element {
  const likelihood = of >= 7 ? "likely" : of >= 4 ? "maybe" : "unlikely";
  return (
    <span>
      {likelihood} <span class="muted">{`${of} of 10`}</span>
    </span>
  );
}
