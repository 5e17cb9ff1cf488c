/**
 * The tables of deferred mail: waiting for a retry, possibly lost, and in any state.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import { releasePattern } from "../../admin/list_entries.ts";
import type { Lost } from "../../admin/queries.ts";
import type { Deferral, DeferralState } from "../../store/history.ts";
import type { StoredEntry } from "../../store/store.ts";
import { formatDuration } from "../../text/duration.ts";
import { ActionButton, type PageContext, RowMenu } from "../components/layout.tsx";
import { Table } from "../components/table.tsx";
import { Ago, count } from "../components/time.tsx";
import type { StatusSettings } from "../settings.ts";
import { ClientLink, EntryLinks, Envelope, nameOf } from "./mail_cells.tsx";

/** The entries that accept the next retry of a pair, by pattern. */
export type Released = ReadonlyMap<string, StoredEntry>;

/** The entry that accepts the next retry of a deferral. */
export function releaseFor(
  of: Deferral,
  released: Released,
  { rules }: StatusSettings,
): StoredEntry | undefined {
  return released.get(releasePattern(of, rules.recipientDelimiter));
}

/** Accepts the next retry, or takes that back. */
export function ReleaseButton(
  { page, of, release, style = "" }: {
    page: PageContext;
    of: Deferral;
    /** The entry that accepts the next retry already. */
    release: StoredEntry | undefined;
    style?: "" | "primary";
  },
): JSX.Element {
  const what = `${nameOf(of)} to ${of.recipient}`;
  if (release !== undefined) {
    return (
      <ActionButton
        page={page}
        to="/lists/remove"
        fields={{ id: release.id }}
        label={`Take back: ${what}`}
      >
        Take back
      </ActionButton>
    );
  }
  return (
    <ActionButton
      page={page}
      to="/waiting/release"
      fields={{ id: of.id }}
      style={style}
      label={`Accept next retry: ${what}`}
    >
      Accept next retry
    </ActionButton>
  );
}

function Buttons(
  { page, of, settings, release }: {
    page: PageContext;
    of: Deferral;
    settings: StatusSettings;
    release: StoredEntry | undefined;
  },
): JSX.Element {
  const details = (
    <a
      class="button"
      href={`${page.prefix}/messages/${of.id}`}
      aria-label={`Details of ${nameOf(of)}`}
    >
      Details
    </a>
  );
  if (settings.store.privacy || of.ended !== undefined) return <div class="buttons">{details}</div>;
  return (
    <div class="buttons">
      <ReleaseButton page={page} of={of} release={release} />
      <RowMenu id={`deferral-${of.id}`} label={`More actions for ${nameOf(of)}`}>
        {details}
        <EntryLinks page={page} source={`deferral=${of.id}`} of={of} />
      </RowMenu>
    </div>
  );
}

function tries({ tries }: Deferral): string {
  return tries === 1 ? "1 try" : `${count(tries)} tries`;
}

function Retry({ of, now }: { of: Deferral; now: number }): JSX.Element {
  const left = of.acceptedFrom - now;
  return left > 0
    ? <span>{`retry accepted in ${formatDuration(left)}`}</span>
    : <span>next retry will be accepted</span>;
}

export const STATE_BADGES: Readonly<Record<DeferralState, readonly [style: string, text: string]>> =
  {
    "waiting": ["defer", "waiting"],
    "not-retried": ["", "not retried"],
    "retried": ["pass", "retried"],
    "rejected": ["reject", "rejected"],
  };

function StateBadge({ of }: { of: DeferralState }): JSX.Element {
  const [style, text] = STATE_BADGES[of];
  return <span class={`badge ${style}`}>{text}</span>;
}

interface TableProperties<Row> {
  readonly page: PageContext;
  readonly rows: readonly Row[];
  readonly settings: StatusSettings;
  readonly released: Released;
  readonly empty: string;
}

function MailTable(
  { page, rows, settings, released, empty, caption, state, timeHead, timeOf }:
    & TableProperties<Deferral>
    & {
      readonly caption: string;
      readonly state: (row: Deferral) => JSX.Element;
      readonly timeHead: string;
      readonly timeOf: (row: Deferral) => number;
    },
): JSX.Element {
  return (
    <Table
      caption={caption}
      style="mail"
      columns={[
        { head: "Mail", kind: "mail" },
        { head: "State", kind: "state" },
        { head: "Client", kind: "client" },
        { head: timeHead, kind: "time" },
        { head: "Actions", kind: "actions" },
      ]}
      empty={empty}
      rows={rows.map((row) => {
        const release = releaseFor(row, released, settings);
        return {
          key: row.id,
          cells: [
            <Envelope page={page} of={row} />,
            release === undefined
              ? state(row)
              : <span class="badge pass">next retry accepted</span>,
            <ClientLink page={page} of={row} />,
            <Ago at={timeOf(row)} now={page.now} />,
            <Buttons page={page} of={row} settings={settings} release={release} />,
          ],
        };
      })}
    />
  );
}

/** Deferred mail that is still being retried. */
export function WaitingTable(properties: TableProperties<Deferral>): JSX.Element {
  const { page } = properties;
  return (
    <MailTable
      {...properties}
      caption="Mail waiting for a retry"
      timeHead="First try"
      timeOf={(row) => row.firstSeen}
      state={(row) => (
        <span class="small">
          <Retry of={row} now={page.now} />, {tries(row)}
        </span>
      )}
    />
  );
}

/** Deferred mail in any state. */
export function DeferredTable(
  properties: TableProperties<Deferral> & { readonly stateOf: (row: Deferral) => DeferralState },
): JSX.Element {
  return (
    <MailTable
      {...properties}
      caption="Deferred mail, newest first"
      timeHead="Last try"
      timeOf={(row) => row.lastSeen}
      state={(row) => (
        <>
          <StateBadge of={properties.stateOf(row)} /> <span class="small">{tries(row)}</span>
        </>
      )}
    />
  );
}

/** Deferred mail that was not retried, most likely legitimate first. */
export function LostTable({ rows, ...properties }: TableProperties<Lost>): JSX.Element {
  const legitimacies = new Map(rows.map(({ deferral, legitimacy }) => [deferral.id, legitimacy]));
  return (
    <MailTable
      {...properties}
      rows={rows.map(({ deferral }) => deferral)}
      caption="Mail that was not retried"
      timeHead="Last try"
      timeOf={(row) => row.lastSeen}
      state={(row) => (
        <span class="small">
          <Legitimacy of={legitimacies.get(row.id)!} />, {tries(row)}
        </span>
      )}
    />
  );
}

function Legitimacy({ of }: { of: number }): JSX.Element {
  const likelihood = of >= 7 ? "likely" : of >= 4 ? "maybe" : "unlikely";
  return <span>{`${likelihood} legitimate (${of} of 10)`}</span>;
}
