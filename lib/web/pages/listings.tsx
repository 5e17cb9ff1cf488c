/**
 * Pages with a search form and one table: waiting, decisions, possibly lost, known, auto-whitelisted.
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
import { AutoWhitelistedTable, KnownTable } from "./origins.tsx";
import { SearchForm } from "./search.tsx";
import { LostTable, WaitingTable } from "./waiting.tsx";

const ROWS_PER_PAGE = 50;

export const NOTHING_LOST = "All deferred mail was retried or may still be retried.";

/** The text for an empty table; a search that has timed out may continue on the next page. */
export function emptyText(next: string | undefined, text: string): string {
  return next === undefined ? text : "No matches so far.";
}

interface Listing {
  readonly title: string;
  readonly intro?: Child;
  readonly table: Child;
  /** The `after` of the next page; undefined on the last page. */
  readonly next: string | undefined;
}

type ListingOf = (
  service: StatusService,
  page: PageContext,
  parameters: PageParameters,
) => Listing;

/** By the path of the page. */
const LISTINGS: Readonly<Record<string, ListingOf>> = {
  "/waiting": ({ queries, settings }, page, { q: text, after }) => {
    const { rows, next } = queries.waiting({ text, after, limit: ROWS_PER_PAGE });
    const empty = emptyText(next, "No mail is waiting.");
    return {
      title: "Waiting",
      table: <WaitingTable page={page} rows={rows} settings={settings} empty={empty} />,
      next,
    };
  },

  "/decisions": ({ queries, settings }, page, { q: text, after, reason }) => {
    const { rows, next } = queries.decisions({ text, after, limit: ROWS_PER_PAGE }, reason);
    const empty = emptyText(next, "No decisions.");
    return {
      title: "Decisions",
      ...(reason === undefined ? {} : {
        intro: (
          <p>
            {`Reason: ${reason.join(", ")}. `}
            <a href={`${page.prefix}/decisions`}>All decisions</a>
          </p>
        ),
      }),
      table: (
        <DecisionTable page={page} rows={rows} isHashed={settings.store.privacy} empty={empty} />
      ),
      next,
    };
  },

  "/lost": ({ queries, settings }, page, { q: text, after }) => {
    const { rows, next } = queries.lost({ text, after, limit: ROWS_PER_PAGE });
    const empty = emptyText(next, NOTHING_LOST);
    return {
      title: "Possibly lost mail",
      intro: (
        <p>
          Deferred mail without a retry for six hours or more, most likely legitimate first. A
          verified client name, a client of the sender’s own organisation and several tries count as
          legitimate.
        </p>
      ),
      table: <LostTable page={page} rows={rows} settings={settings} empty={empty} />,
      next,
    };
  },

  "/known": ({ queries }, page, { q: text, after }) => {
    const { rows, next } = queries.known({ text, after, limit: ROWS_PER_PAGE });
    const empty = emptyText(next, "No known senders yet.");
    return {
      title: "Known senders",
      table: <KnownTable page={page} rows={rows} empty={empty} />,
      next,
    };
  },

  "/auto-whitelisted": ({ queries, settings }, page, { q: text, after }) => {
    const { rows, next } = queries.autoWhitelisted({ text, after, limit: ROWS_PER_PAGE });
    const { autoWhitelistClients, autoWhitelistDomains } = settings.rules;
    const empty = emptyText(next, "No auto-whitelisted origins yet.");
    return {
      title: "Auto-whitelisted origins",
      intro: (
        <p>
          {autoWhitelistClients === 0
            ? "Auto-whitelisting is disabled (auto_whitelist_clients = 0). "
            : "Origins that retry reliably skip greylisting: an address after " +
              `${autoWhitelistClients} retried messages, a sender’s own hosts after ` +
              `${autoWhitelistDomains}, organisations and providers for any sender after more. `}
          <a href={`${page.prefix}/known`}>Known senders</a>
        </p>
      ),
      table: <AutoWhitelistedTable page={page} rows={rows} empty={empty} />,
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
  const { title, intro = "", table, next } = LISTINGS[path]!(service, page, parameters);
  const content = (
    <>
      <SearchForm page={page} text={parameters.q} path={path} />
      {intro}
      <Panel id="list" title="Results">
        {table}
        <NextPage path={page.prefix + path + queryWithoutAfter(context)} next={next} />
      </Panel>
    </>
  );
  return answerPage(context, page, title, content);
}
