/**
 * Pages with filters and one table: waiting, possibly lost, deferred, decisions, known senders,
 * auto-whitelisted origins.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import { type PageContext, Panel } from "../components/layout.tsx";
import { NextPage } from "../components/table.tsx";
import { answerPage, type AppContext } from "../http/context.tsx";
import {
  checkAfter,
  type PageParameters,
  parametersOf,
  queryWithoutAfter,
} from "../http/page_query.ts";
import type { StatusService } from "../worker/status_service.ts";
import { DecisionTable } from "./decisions.tsx";
import { decisionQuery, FilterForm, filterQuery, SearchForm, selectionOf } from "./filters.tsx";
import { AutoWhitelistedTable, KnownTable } from "./origins.tsx";
import { DeferredTable, LostTable, WaitingTable } from "./waiting.tsx";

const ROWS_PER_PAGE = 50;

export const NOTHING_LOST = "No deferred mail looks lost.";

/** The text for an empty table; a search that has timed out may continue on the next page. */
export function emptyText(
  next: string | undefined,
  text: string,
  { isFiltered, privacy }: { readonly isFiltered: boolean; readonly privacy: boolean },
): string {
  if (next !== undefined) return "No matches so far.";
  if (!isFiltered) return text;
  return privacy
    ? "No matches. Only hashes are stored: search for a complete address."
    : "No matches.";
}

interface Listing {
  readonly title: string;
  readonly intro?: Child;
  readonly table: Child;
  /** The `after` of the next page; undefined on the last page. */
  readonly next: string | undefined;
  /** The kind of filters; absent for a text only. */
  readonly filters?: "decisions" | "deferred";
}

interface Wanted {
  readonly service: StatusService;
  readonly page: PageContext;
  readonly parameters: PageParameters;
  /** The text for an empty table. */
  readonly empty: (next: string | undefined, text: string) => string;
  /** The query string of the filters. */
  readonly query: string;
}

/** By the path of the page. */
const LISTINGS: Readonly<Record<string, (wanted: Wanted) => Listing>> = {
  "/waiting": ({ service: { queries, settings }, page, parameters: { q: text, after }, empty }) => {
    const { rows, next } = queries.waiting({ text, after, limit: ROWS_PER_PAGE });
    return {
      title: "Waiting",
      intro: <p class="muted">Deferred mail with an attempt in the last six hours.</p>,
      table: (
        <WaitingTable
          page={page}
          rows={rows}
          settings={settings}
          released={queries.released()}
          empty={empty(next, "No mail is waiting.")}
        />
      ),
      next,
    };
  },

  "/deferred": ({ service: { queries, settings }, page, parameters, empty }) => {
    const { q: text, after, state } = parameters;
    const selection = selectionOf(queries, parameters);
    const { rows, next } = queries.deferred({
      ...selection,
      text,
      after,
      state,
      limit: ROWS_PER_PAGE,
    });
    return {
      title: "Deferred mail",
      table: (
        <DeferredTable
          page={page}
          rows={rows}
          settings={settings}
          released={queries.released()}
          stateOf={(row) => queries.stateOf(row)}
          empty={empty(next, "No mail was deferred.")}
        />
      ),
      next,
      filters: "deferred",
    };
  },

  "/decisions": ({ service: { queries, settings }, page, parameters, empty, query }) => {
    const { rows, next } = queries.decisions({
      ...decisionQuery(queries, parameters),
      after: parameters.after,
      limit: ROWS_PER_PAGE,
    });
    return {
      title: "Decisions",
      intro: (
        <p class="small">
          Export: <a href={`${page.prefix}/decisions.csv${query}`}>CSV</a>,{" "}
          <a href={`${page.prefix}/decisions.json${query}`}>JSON</a>
        </p>
      ),
      table: (
        <DecisionTable
          page={page}
          rows={rows}
          isHashed={settings.store.privacy}
          empty={empty(next, "No decisions.")}
        />
      ),
      next,
      filters: "decisions",
    };
  },

  "/lost": ({ service: { queries, settings }, page, parameters: { q: text, after }, empty }) => {
    const { rows, next } = queries.lost({ text, after, limit: ROWS_PER_PAGE });
    return {
      title: "Possibly lost mail",
      intro: (
        <p class="muted">
          Deferred mail without an attempt for six hours that may be legitimate, most likely first.
          {" "}
          <a href={`${page.prefix}/deferred?state=not-retried`}>All mail that was not retried</a>
        </p>
      ),
      table: (
        <LostTable
          page={page}
          rows={rows}
          settings={settings}
          released={queries.released()}
          empty={empty(next, NOTHING_LOST)}
        />
      ),
      next,
    };
  },

  "/known": ({ service: { queries }, page, parameters: { q: text, after }, empty }) => {
    const { rows, next } = queries.known({ text, after, limit: ROWS_PER_PAGE });
    return {
      title: "Known senders",
      table: <KnownTable page={page} rows={rows} empty={empty(next, "No known senders yet.")} />,
      next,
    };
  },

  "/auto-whitelisted": (
    { service: { queries, settings }, page, parameters: { q: text, after }, empty },
  ) => {
    const { rows, next } = queries.autoWhitelisted({ text, after, limit: ROWS_PER_PAGE });
    const { autoWhitelistClients, autoWhitelistDomains } = settings.rules;
    return {
      title: "Auto-whitelisted origins",
      intro: (
        <p class="muted">
          {autoWhitelistClients === 0
            ? "Auto-whitelisting is disabled (auto_whitelist_clients = 0)."
            : "Origins that retry reliably skip greylisting: an address after " +
              `${autoWhitelistClients} retried messages, a sender’s own hosts after ` +
              `${autoWhitelistDomains}, organisations and providers for any sender after more.`}
        </p>
      ),
      table: (
        <AutoWhitelistedTable
          page={page}
          rows={rows}
          empty={empty(next, "No auto-whitelisted origins yet.")}
        />
      ),
      next,
    };
  },
};

export const LISTING_PATHS = Object.keys(LISTINGS);

export function listingPage(
  context: AppContext,
  service: StatusService,
  page: PageContext,
  path: string,
): Response {
  const parameters = parametersOf(context);
  checkAfter(path, parameters.after);
  const given = new URLSearchParams(context.req.query());
  const query = filterQuery(given);
  const { privacy } = service.settings.store;
  const isFiltered = query !== "";
  const empty = (next: string | undefined, text: string) =>
    emptyText(next, text, { isFiltered, privacy });
  const listing = LISTINGS[path]!({ service, page, parameters, empty, query });
  const { title, intro = "", table, next, filters } = listing;
  const content = (
    <>
      {filters === undefined
        ? <SearchForm page={page} text={parameters.q} path={path} />
        : <FilterForm page={page} path={path} parameters={given} of={filters} />}
      {intro}
      <Panel id="list" title="Results">
        {table}
        <NextPage path={page.prefix + path + queryWithoutAfter(context)} next={next} />
      </Panel>
    </>
  );
  return answerPage(context, page, title, content);
}
