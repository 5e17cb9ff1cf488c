/**
 * The lists: entries of the database, and the rules of list files and the built-in list.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import type { FixedRule } from "../../admin/fixed_rules.ts";
import type { StoredEntry } from "../../store/store.ts";
import { ActionButton, type PageContext, Panel } from "../components/layout.tsx";
import { NextPage, Table } from "../components/table.tsx";
import { Text } from "../components/text.tsx";
import { Ago, count } from "../components/time.tsx";
import { answerPage, type AppContext } from "../http/context.tsx";
import { checkAfter, parametersOf, queryWithoutAfter } from "../http/page_query.ts";
import type { StatusService } from "../worker/status_service.ts";
import { EditForm, EntryForm, ExemptionForm } from "./entry_forms.tsx";
import { SearchForm } from "./search.tsx";

const ROWS_PER_PAGE = 50;

function Expiry({ of: { expires }, now }: { of: StoredEntry; now: number }): JSX.Element {
  if (expires === undefined) return <span>never</span>;
  return expires <= now ? <span>expired</span> : <Ago at={expires} now={now} />;
}

function EntryButtons({ page, id }: { page: PageContext; id: number }): JSX.Element {
  return (
    <div class="buttons">
      <a class="button" href={`${page.prefix}/lists/${id}`} aria-label={`Edit entry ${id}`}>
        Edit
      </a>
      <ActionButton page={page} to="/lists/remove" fields={{ id }} label={`Remove entry ${id}`}>
        Remove
      </ActionButton>
    </div>
  );
}

export function EntryTable(
  { page, rows, empty }: { page: PageContext; rows: readonly StoredEntry[]; empty: string },
): JSX.Element {
  const { now } = page;
  return (
    <Table
      caption="List entries"
      columns={[
        { head: "No.", kind: "number" },
        { head: "List" },
        { head: "Matches" },
        { head: "Pattern" },
        { head: "Hits", kind: "number" },
        { head: "Last hit" },
        { head: "Expires" },
        { head: "Note" },
        { head: "Added" },
        { head: "Actions", kind: "actions" },
      ]}
      empty={empty}
      rows={rows.map((entry) => ({
        key: entry.id,
        cells: [
          entry.id,
          <span class={`badge ${entry.list === "block" ? "reject" : "pass"}`}>{entry.list}</span>,
          entry.matchOn,
          <Text of={entry.pattern} />,
          count(entry.hits),
          entry.lastHit === undefined ? "never" : <Ago at={entry.lastHit} now={now} />,
          <Expiry of={entry} now={now} />,
          <Text of={entry.note} />,
          <span>
            <Ago at={entry.created} now={now} />{" "}
            <span class="muted">
              by <Text of={entry.addedBy} />
            </span>
          </span>,
          <EntryButtons page={page} id={entry.id} />,
        ],
      }))}
    />
  );
}

function RuleTable({ rows }: { rows: readonly FixedRule[] }): JSX.Element {
  return (
    <Table
      caption="Rules of list files and the built-in list"
      columns={[
        { head: "Matches" },
        { head: "Pattern" },
        { head: "Hits", kind: "number" },
        { head: "Reason" },
        { head: "Source" },
      ]}
      empty="No list files are set, and the built-in list is disabled."
      rows={rows.map(({ source, matchOn, pattern, reason, hits }) => ({
        key: `${source} ${pattern}`,
        cells: [matchOn, <Text of={pattern} />, count(hits), reason, <Text of={source} />],
      }))}
    />
  );
}

export function listsPage(
  context: AppContext,
  service: StatusService,
  page: PageContext,
): Response {
  const { q: text, after, list } = parametersOf(context);
  checkAfter("/lists", after);
  const { rows, next } = service.queries.entries({ text, after, list, limit: ROWS_PER_PAGE });
  const rules = after === undefined ? service.queries.fixedRules() : [];
  const content = (
    <>
      <SearchForm page={page} text={text} path="/lists" />
      <p>
        <a class="button" href={`${page.prefix}/lists/new`}>Add an entry</a>
      </p>
      <ExemptionForm page={page} />
      <Panel id="entries" title="Entries">
        <EntryTable
          page={page}
          rows={rows}
          empty="No entries. Allowed, blocked, exempted and released mail appears here."
        />
        <NextPage path={`${page.prefix}/lists${queryWithoutAfter(context)}`} next={next} />
      </Panel>
      {after !== undefined ? "" : (
        <section aria-labelledby="rules-title">
          <h2 id="rules-title">List files and built-in list</h2>
          <details id="rules">
            <summary>{`${rules.length} rules`}</summary>
            <RuleTable rows={rules} />
          </details>
        </section>
      )}
    </>
  );
  return answerPage(context, page, "Lists", content);
}

const NEW_ENTRY_TITLES = {
  allow: "Allow",
  block: "Block",
  "always-greylist": "Always greylist",
} as const;

/** The form for a new entry, with suggestions from a deferral or a decision. */
export function newEntryPage(
  context: AppContext,
  service: StatusService,
  page: PageContext,
): Response {
  const { list: wanted = "allow", deferral, decision } = parametersOf(context);
  const { queries } = service;
  const mail = deferral !== undefined
    ? queries.deferral(Number(deferral))
    : decision !== undefined
    ? queries.decision(Number(decision))
    : undefined;
  const suggestions = mail === undefined ? [] : queries.suggestions(mail);
  const list = wanted === "release" ? "allow" : wanted;
  const form = <EntryForm page={page} list={list} suggestions={suggestions} />;
  return answerPage(context, page, NEW_ENTRY_TITLES[list], form);
}

export function editEntryPage(
  context: AppContext,
  service: StatusService,
  page: PageContext,
): Response {
  const entry = service.queries.entry(Number(context.req.param("id")));
  const form = <EditForm page={page} entry={entry} />;
  return answerPage(context, page, `Entry ${entry.id}`, form);
}
