/**
 * The health page: problems with their remedies, and the status of the daemon.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";
import { formatDuration } from "../../text/duration.ts";
import { type PageContext, Panel } from "../components/layout.tsx";
import { Table } from "../components/table.tsx";
import { Text } from "../components/text.tsx";
import { Ago, At, bytes, count } from "../components/time.tsx";
import { answerPage, type AppContext } from "../http/context.tsx";
import { siteName } from "../../share/status.ts";
import type { SettingInForce, StatusSettings } from "../settings.ts";
import { type Health, recentErrors } from "../worker/health.ts";
import type { StatusService } from "../worker/status_service.ts";

/** Obstacles, warnings and recent errors, with their remedies. */
export function ProblemList({ page, health }: { page: PageContext; health: Health }): JSX.Element {
  const { obstacles, warnings } = health;
  const errors = recentErrors(health, page.now);
  if (obstacles.length + warnings.length + errors.length === 0) {
    return (
      <p class="empty">
        No problems found. <code>postconf -n | greylag doctor -</code> checks Postfix as well.
      </p>
    );
  }
  return (
    <ul class="problems">
      {obstacles.map((obstacle) => (
        <li class="error">
          <strong>All mail passes:</strong> <Text of={obstacle} maxLength={300} />
        </li>
      ))}
      {warnings.map(({ severity, what, remedy }) => (
        <li class={severity === "error" ? "error" : ""}>
          <Text of={what} maxLength={300} />{" "}
          <span class="muted">
            – <Text of={remedy} maxLength={300} />
          </span>
        </li>
      ))}
      {errors.map(({ text, last, times, level }) => (
        <li class={level === "error" ? "error" : ""}>
          <Text of={text} maxLength={300} />{" "}
          <span class="muted">
            {times === 1 ? "once, " : `${count(times)} times, last `}
            <Ago at={last} now={page.now} />
          </span>
        </li>
      ))}
    </ul>
  );
}

/** One row for each other site. */
function shareRows(
  { share }: Health,
  now: number,
): (readonly [name: string, value: Child])[] {
  if (share === undefined) return [];
  return [
    ["Shares as", <Text of={share.name} />],
    ...share.sites.map((site) =>
      [
        "Site",
        <span>
          <Text of={siteName(site)} /> {site.contact === undefined ? "no contact yet" : (
            <span>
              contact <Ago at={site.contact} now={now} />
            </span>
          )}
          {site.error === undefined ? "" : (
            <span>
              , <Text of={site.error} maxLength={300} />
            </span>
          )}
        </span>,
      ] as const
    ),
  ];
}

function StatusTable(
  { page, health, settings }: { page: PageContext; health: Health; settings: StatusSettings },
): JSX.Element {
  const { now } = page;
  const { daemonStatus, databaseBytes, stored } = health;
  const { counters, dns, dnsLists, lastPass } = daemonStatus;
  const rows: readonly (readonly [name: string, value: Child])[] = [
    ["Version", settings.version],
    [
      "Uptime",
      <span>
        {formatDuration(now - daemonStatus.started)}{" "}
        <span class="muted">
          since <At at={daemonStatus.started} />
        </span>
      </span>,
    ],
    ["Mode", settings.rules.mode],
    ["Listens on", daemonStatus.endpoints.join(", ")],
    ["Open connections", count(daemonStatus.connections)],
    ["Requests since the start", count(counters.requests)],
    ["Requests passed because of errors", count(counters.reasons.fault)],
    ["Database errors", count(counters.databaseErrors)],
    [
      "Database",
      <span>
        <Text of={settings.store.database} />{" "}
        {daemonStatus.databaseWorks ? "(working)" : "(failing)"}
      </span>,
    ],
    ["Database size", databaseBytes === undefined ? "unknown" : bytes(databaseBytes)],
    [
      "Stored",
      stored === undefined
        ? "unknown"
        : `${count(stored.pending)} pending triplets, ${
          count(stored.relations)
        } known senders and recipients, ${count(stored.reputations)} reputations`,
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
        ? "no queries yet"
        : `${count(dns.answered)} queries answered, ${count(dns.failed)} failed`,
    ],
    [
      "DNS lists",
      dnsLists.length === 0
        ? "none in use"
        : <Text of={dnsLists.map(({ zone, state }) => `${zone}: ${state}`).join(", ")} />,
    ],
    ...shareRows(health, now),
    ["Rejected connections", count(counters.connectionsRejected)],
    ["Failed sign-ins", count(counters.signInFailures)],
  ];
  return (
    <Table
      caption="Status"
      columns={[{ head: "Item" }, { head: "Value", kind: "wide" }]}
      empty=""
      rows={rows.map(([name, value]) => ({ key: name, cells: [name, value] }))}
    />
  );
}

/** All settings, those that are set first. */
function SettingTable({ settings: { inForce } }: { settings: StatusSettings }): JSX.Element {
  const isSet = ({ source }: SettingInForce) => Number(source !== "default");
  return (
    <details id="all-settings">
      <summary>{`${inForce.length} settings, ${inForce.filter(isSet).length} set`}</summary>
      <Table
        caption="Settings in force"
        columns={[{ head: "Setting" }, { head: "Value", kind: "wide" }, { head: "Source" }]}
        empty=""
        rows={inForce.toSorted((a, b) => isSet(b) - isSet(a)).map(({ name, value, source }) => ({
          key: name,
          cells: [
            name,
            <Text of={value} maxLength={300} />,
            <span class="muted">
              <Text of={source} />
            </span>,
          ],
        }))}
      />
    </details>
  );
}

function LogTail({ lines }: { lines: readonly string[] }): JSX.Element {
  if (lines.length === 0) return <p class="empty">No lines, or only hashes may be shown.</p>;
  return (
    <details id="log-tail">
      <summary>{`${lines.length} lines, the newest first`}</summary>
      <ol class="log">
        {lines.toReversed().map((line) => (
          <li>
            <Text of={line} maxLength={500} />
          </li>
        ))}
      </ol>
    </details>
  );
}

/** @param health after a write test. */
export function healthPage(
  context: AppContext,
  service: StatusService,
  page: PageContext,
  health: Health,
): Response {
  const content = (
    <>
      <Panel id="problems" title="Problems">
        <ProblemList page={page} health={health} />
      </Panel>
      <Panel id="status" title="Status">
        <StatusTable page={page} health={health} settings={service.settings} />
      </Panel>
      <Panel id="settings" title="Settings in force">
        <SettingTable settings={service.settings} />
      </Panel>
      <Panel id="log" title="End of the log">
        <LogTail lines={health.log} />
      </Panel>
    </>
  );
  return answerPage(context, page, "Health", content);
}
