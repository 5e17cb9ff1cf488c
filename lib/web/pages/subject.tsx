/**
 * The page of one sender domain, client network or recipient: open mail, decisions, reputation, rules.
 *
 * @module
 */
import { type PageContext, Panel } from "../components/layout.tsx";
import { answerPage, type AppContext } from "../http/context.tsx";
import { RefusedError } from "../worker/status_queries.ts";
import type { StatusService } from "../worker/status_service.ts";
import { shorten } from "../components/text.tsx";
import { escapeLine } from "../../text/escape.ts";
import { formatDuration } from "../../text/duration.ts";
import { DecisionTable } from "./decisions.tsx";
import { selectionOf } from "./filters.tsx";
import type { SubjectKind } from "./mail_cells.tsx";
import { EntryTable } from "./lists.tsx";
import { AutoWhitelistedTable, KnownTable } from "./origins.tsx";
import { DeferredTable } from "./waiting.tsx";

const ROWS = 15;

/** Milliseconds that one of the searches of the page may take. */
const PANEL_TIMEOUT_MS = 60;

interface Subject {
  readonly title: string;
  /** The parameter of decisions and deferred mail that selects it. */
  readonly filter: "domain" | "recipient" | "client";
}

function subjectOf(kind: SubjectKind, value: string): Subject {
  switch (kind) {
    case "senders":
      return {
        title: value === "<>" ? "Bounces (null sender)" : `Sender domain ${value}`,
        filter: "domain",
      };
    case "recipients":
      return { title: `Recipient ${value}`, filter: "recipient" };
    case "clients":
      return { title: `Client ${value.replace(/^net:/, "")}`, filter: "client" };
  }
}

export function subjectPage(
  context: AppContext,
  service: StatusService,
  page: PageContext,
  kind: SubjectKind,
): Response {
  const value = (context.req.query("of") ?? "").trim().slice(0, 320);
  if (value === "") throw new RefusedError(400, "the parameter of is missing");
  const { queries, settings } = service;
  const { title, filter } = subjectOf(kind, value);
  const selection = selectionOf(queries, { [filter]: value });
  const query = { text: "", limit: ROWS, timeoutMs: PANEL_TIMEOUT_MS, ...selection };
  const deferred = queries.deferred(query);
  const decisions = queries.decisions(query);
  const text = value === "<>" ? "" : value.replace(/^net:/, "");
  const search = { text, limit: ROWS, timeoutMs: PANEL_TIMEOUT_MS };
  const known = text === "" ? [] : queries.known(search).rows;
  const reputation = text === "" ? [] : queries.autoWhitelisted(search).rows;
  const entries = text === "" ? [] : queries.entries(search).rows;
  const usual = kind === "senders" ? queries.usualRetryDelay(selection.senderDomain!) : undefined;
  const all = (path: string) => `${page.prefix}${path}?${filter}=${encodeURIComponent(value)}`;
  const content = (
    <>
      {usual === undefined
        ? ""
        : <p>{`Its mail is usually retried after ${formatDuration(usual)}.`}</p>}
      <Panel id="deferred" title="Deferred mail" more={[all("/deferred"), "All"]}>
        <DeferredTable
          page={page}
          rows={deferred.rows}
          settings={settings}
          released={queries.released()}
          stateOf={(row) => queries.stateOf(row)}
          empty="No mail was deferred."
        />
      </Panel>
      <Panel id="decisions" title="Decisions" more={[all("/decisions"), "All"]}>
        <DecisionTable
          page={page}
          rows={decisions.rows}
          isHashed={settings.store.privacy}
          empty="No decisions."
        />
      </Panel>
      <Panel id="reputation" title="Auto-whitelisted origins">
        <AutoWhitelistedTable page={page} rows={reputation} empty="None." />
      </Panel>
      <Panel id="known" title="Known senders">
        <KnownTable page={page} rows={known} empty="None." />
      </Panel>
      <Panel id="rules" title="List entries">
        <EntryTable page={page} rows={entries} empty="No entry names it." />
      </Panel>
    </>
  );
  return answerPage(context, page, shorten(escapeLine(title), 90), content);
}
