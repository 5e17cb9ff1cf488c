/**
 * What waits, and what never came back, with the buttons that mend it.
 *
 * @module
 */
import type { Html } from "../components/html.ts";
import type { Lost } from "../../admin/possibly_lost.ts";
import { formatDuration } from "../../text/duration.ts";
import type { Deferral } from "../../store/history.ts";
import { Act, type PageContext } from "../components/layout.tsx";
import type { StatusSettings } from "../settings.ts";
import { Table } from "../components/table.tsx";
import { Client, Sender, Text } from "../components/text.tsx";
import { Ago } from "../components/time.tsx";

/** The buttons of something that was put off. */
function Buttons(
  { frame, of, isHidden }: { frame: PageContext; of: Deferral; isHidden: boolean },
): Html {
  if (isHidden) return <span class="quiet">only hashes are stored</span>;
  const path = `${frame.prefix}/lists/new?deferral=${of.id}&list=`;
  const whom = of.sender === "" ? "the null sender" : of.sender;
  return (
    <div class="buttons">
      <Act
        frame={frame}
        to="/waiting/release"
        fields={{ id: of.id }}
        label={`Let it in next time: ${whom} to ${of.recipient}`}
      >
        Let it in next time
      </Act>
      <a class="button" href={`${path}allow`} aria-label={`Allow … of ${whom}`}>Allow …</a>
      <a class="button" href={`${path}block`} aria-label={`Block … of ${whom}`}>Block …</a>
    </div>
  );
}

function WaitsFor({ of, delay, now }: { of: Deferral; delay: number; now: number }): Html {
  const left = of.firstSeen + delay - now;
  return left > 0
    ? <span>{`its time, for ${formatDuration(left)} more`}</span>
    : <span>its next try, which passes</span>;
}

/** What waits. */
export function WaitingTable(
  { frame, rows, settings, empty }: {
    frame: PageContext;
    rows: readonly Deferral[];
    settings: StatusSettings;
    empty: string;
  },
): Html {
  const { now } = frame;
  const { rules, store } = settings;
  return (
    <Table
      caption="Mail that waits"
      columns={[
        { head: "Sender" },
        { head: "Recipient" },
        { head: "Client" },
        { head: "Origin" },
        { head: "Tries", kind: "number" },
        { head: "Since" },
        { head: "Waits for" },
        { head: "What to do", kind: "actions" },
      ]}
      empty={empty}
      rows={rows.map((one) => ({
        key: one.id,
        cells: [
          <Sender of={one.sender} />,
          <Text of={one.recipient} />,
          <Client of={one} />,
          <Text of={one.network} />,
          one.tries,
          <Ago at={one.firstSeen} now={now} />,
          <WaitsFor of={one} delay={rules.delay} now={now} />,
          <Buttons frame={frame} of={one} isHidden={store.privacy} />,
        ],
      }))}
    />
  );
}

/** What never came back, the most likely real mail first. */
export function LostTable(
  { frame, rows, settings, empty }: {
    frame: PageContext;
    rows: readonly Lost[];
    settings: StatusSettings;
    empty: string;
  },
): Html {
  return (
    <Table
      caption="Mail that never came back"
      columns={[
        { head: "Real mail?" },
        { head: "Sender" },
        { head: "Recipient" },
        { head: "Client" },
        { head: "Tries", kind: "number" },
        { head: "Last tried" },
        { head: "What to do", kind: "actions" },
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
          <Ago at={deferral.lastSeen} now={frame.now} />,
          <Buttons frame={frame} of={deferral} isHidden={settings.store.privacy} />,
        ],
      }))}
    />
  );
}

function Legitimacy({ of }: { of: number }): Html {
  const words = of >= 7 ? "likely" : of >= 4 ? "maybe" : "unlikely";
  return (
    <span>
      {words} <span class="quiet">{`${of} of 10`}</span>
    </span>
  );
}
