/**
 * The page with the matches of a search in all tables.
 *
 * @module
 */
import { type PageContext, Panel } from "../components/layout.tsx";
import { NextPage } from "../components/table.tsx";
import { answerPage, type AppContext } from "../http/context.tsx";
import { parametersOf } from "../http/page_query.ts";
import type { StatusService } from "../worker/status_service.ts";
import { DecisionTable } from "./decisions.tsx";
import { SearchForm } from "./filters.tsx";
import { EntryTable } from "./lists.tsx";
import { AutoWhitelistedTable, KnownTable } from "./origins.tsx";
import { emptyText } from "./listings.tsx";
import { DeferredTable } from "./waiting.tsx";

const ROWS_PER_PANEL = 20;

/** Milliseconds that one of the four searches of the page may take. */
const PANEL_TIMEOUT_MS = 50;

export function searchPage(
  context: AppContext,
  service: StatusService,
  page: PageContext,
): Response {
  const { q: text } = parametersOf(context);
  if (text === "") {
    return answerPage(context, page, "Find mail", <SearchForm page={page} text="" />);
  }
  const { settings, queries } = service;
  const { privacy } = settings.store;
  const query = { text, limit: ROWS_PER_PANEL, timeoutMs: PANEL_TIMEOUT_MS };
  const waiting = queries.deferred(query);
  const decisions = queries.decisions(query);
  const known = queries.known(query);
  const autoWhitelisted = queries.autoWhitelisted(query);
  const entries = queries.entries(query);
  const emptyOf = (after: string | undefined) =>
    emptyText(after, "", { isFiltered: true, privacy });
  const next = (path: string, after: string | undefined) => (
    <NextPage
      path={`${page.prefix}${path}?q=${encodeURIComponent(text)}`}
      next={after}
      label="Search further back"
    />
  );
  const content = (
    <>
      <SearchForm page={page} text={text} />
      <Panel id="waiting" title="Deferred mail">
        <DeferredTable
          page={page}
          rows={waiting.rows}
          settings={settings}
          released={queries.released()}
          stateOf={(row) => queries.stateOf(row)}
          empty={emptyOf(waiting.next)}
        />
        {next("/deferred", waiting.next)}
      </Panel>
      <Panel id="decisions" title="Decisions">
        <DecisionTable
          page={page}
          rows={decisions.rows}
          isHashed={privacy}
          empty={emptyOf(decisions.next)}
        />
        {next("/decisions", decisions.next)}
      </Panel>
      <Panel id="known" title="Known senders">
        <KnownTable page={page} rows={known.rows} empty={emptyOf(known.next)} />
        {next("/known", known.next)}
      </Panel>
      <Panel id="auto-whitelisted" title="Auto-whitelisted origins">
        <AutoWhitelistedTable
          page={page}
          rows={autoWhitelisted.rows}
          empty={emptyOf(autoWhitelisted.next)}
        />
        {next("/auto-whitelisted", autoWhitelisted.next)}
      </Panel>
      <Panel id="entries" title="List entries">
        <EntryTable page={page} rows={entries.rows} empty={emptyOf(entries.next)} />
        {next("/lists", entries.next)}
      </Panel>
    </>
  );
  return answerPage(context, page, "Find mail", content);
}
