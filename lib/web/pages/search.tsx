/**
 * The search form, and the page with the matches of all tables.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import { type PageContext, Panel } from "../components/layout.tsx";
import { NextPage } from "../components/table.tsx";
import { answerPage, type AppContext } from "../http/context.tsx";
import { parametersOf } from "../http/page_query.ts";
import type { StatusService } from "../worker/status_service.ts";
import { DecisionTable } from "./decisions.tsx";
import { EntryTable } from "./lists.tsx";
import { AutoWhitelistedTable, KnownTable } from "./origins.tsx";
import { WaitingTable } from "./waiting.tsx";

const ROWS_PER_PANEL = 20;

export function SearchForm(
  { page, text, path = "/search" }: { page: PageContext; text: string; path?: string },
): JSX.Element {
  return (
    <form method="get" action={page.prefix + path} role="search" class="inline-form">
      <label for="q">Find mail</label>
      <input
        id="q"
        name="q"
        type="search"
        value={text}
        maxlength={320}
        placeholder="part of an address, host name or IP address"
        autocapitalize="off"
        spellcheck={false}
      />
      <button type="submit">Find</button>
    </form>
  );
}

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
  const query = { text, limit: ROWS_PER_PANEL };
  const waiting = queries.waiting(query);
  const decisions = queries.decisions(query);
  const known = queries.known(query);
  const autoWhitelisted = queries.autoWhitelisted(query);
  const entries = queries.entries(query);
  const empty = privacy
    ? "No matches. Only hashes are stored: search for a complete address."
    : "No matches.";
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
      <Panel id="waiting" title="Waiting">
        <WaitingTable page={page} rows={waiting.rows} settings={settings} empty={empty} />
        {next("/waiting", waiting.next)}
      </Panel>
      <Panel id="decisions" title="Decisions">
        <DecisionTable page={page} rows={decisions.rows} isHashed={privacy} empty={empty} />
        {next("/decisions", decisions.next)}
      </Panel>
      <Panel id="known" title="Known senders">
        <KnownTable page={page} rows={known.rows} empty={empty} />
        {next("/known", known.next)}
      </Panel>
      <Panel id="auto-whitelisted" title="Auto-whitelisted origins">
        <AutoWhitelistedTable page={page} rows={autoWhitelisted.rows} empty={empty} />
        {next("/auto-whitelisted", autoWhitelisted.next)}
      </Panel>
      <Panel id="entries" title="List entries">
        <EntryTable page={page} rows={entries.rows} empty={empty} />
        {next("/lists", entries.next)}
      </Panel>
    </>
  );
  return answerPage(context, page, "Find mail", content);
}
