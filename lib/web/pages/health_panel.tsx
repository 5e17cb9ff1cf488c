/**
 * How Greylag fares: first what is wrong and what to do, then the figures.
 *
 * @module
 */
import type { Content, Html } from "../components/html.ts";
import { formatDuration } from "../../text/duration.ts";
import type { Health } from "../api/health.ts";
import type { PageContext } from "../components/layout.tsx";
import type { StatusSettings } from "../settings.ts";
import { Table } from "../components/table.tsx";
import { Text } from "../components/text.tsx";
import { Ago, At, bytes, count } from "../components/time.tsx";

/** A fault is worth a place among what is wrong for so long, in milliseconds. */
const RECENT = 24 * 3_600_000;

/** What is wrong, with the remedy. */
export function Deviations({ frame, health }: { frame: PageContext; health: Health }): Html {
  const { obstacles, warnings, daemonStatus } = health;
  const faults = daemonStatus.errors.filter(({ last }) => frame.now - last < RECENT);
  if (obstacles.length + warnings.length + faults.length === 0) {
    return (
      <p class="empty">
        Nothing is wrong with what can be seen from here.{" "}
        <code>postconf -n | greylag doctor -</code> looks at Postfix as well.
      </p>
    );
  }
  return (
    <ul class="deviations">
      {obstacles.map((one) => (
        <li class="bad">
          <strong>All mail passes:</strong> <Text of={one} most={300} />
        </li>
      ))}
      {warnings.map(({ severity, what, remedy }) => (
        <li class={severity === "error" ? "bad" : ""}>
          <Text of={what} most={300} />{" "}
          <span class="quiet">
            – <Text of={remedy} most={300} />
          </span>
        </li>
      ))}
      {faults.toReversed().map(({ text, last, times, level }) => (
        <li class={level === "error" ? "bad" : ""}>
          <Text of={text} most={300} />{" "}
          <span class="quiet">
            {times === 1 ? "once, " : `${count(times)} times, the last `}
            <Ago at={last} now={frame.now} />
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The figures. */
export function HealthList(
  { frame, health, settings }: { frame: PageContext; health: Health; settings: StatusSettings },
): Html {
  const { now } = frame;
  const { daemonStatus, databaseBytes, stored } = health;
  const { counters, dns, lastPass } = daemonStatus;
  const rows: readonly (readonly [name: string, value: Content])[] = [
    ["Version", settings.version],
    [
      "Running for",
      <span>
        {formatDuration(now - daemonStatus.started)}{" "}
        <span class="quiet">
          since <At at={daemonStatus.started} />
        </span>
      </span>,
    ],
    ["Mode", settings.rules.mode],
    ["Listens on", daemonStatus.endpoints.join(", ")],
    ["Connections of Postfix", count(daemonStatus.connections)],
    ["Requests since the start", count(counters.requests)],
    ["Requests that passed by a fault", count(counters.reasons.fault)],
    ["Faults of the database", count(counters.databaseErrors)],
    [
      "Database",
      <span>
        <Text of={settings.store.database} />{" "}
        {daemonStatus.databaseWorks ? "works" : "does not work"}
      </span>,
    ],
    ["Its size", databaseBytes === undefined ? "cannot be told" : bytes(databaseBytes)],
    [
      "Stored",
      stored === undefined
        ? "cannot be told"
        : `triplets: ${count(stored.triplets)}, origins: ${count(stored.origins)}`,
    ],
    [
      "Last expiry",
      lastPass === undefined ? "none since the start" : (
        <span>
          <Ago at={lastPass.ended} now={now} />, {count(lastPass.removed)} rows removed
        </span>
      ),
    ],
    [
      "DNS",
      dns.works === undefined
        ? "was not asked yet"
        : `${count(dns.answered)} questions answered, ${count(dns.failed)} not`,
    ],
    ["Closed for going past a limit", `${count(counters.connectionsRejected)} connections`],
    ["Wrong passwords here", count(counters.signInFailures)],
  ];
  return (
    <Table
      caption="Figures"
      columns={[{ head: "What" }, { head: "Now", kind: "wide" }]}
      empty=""
      rows={rows.map(([name, value]) => ({ key: name, cells: [name, value] }))}
    />
  );
}
