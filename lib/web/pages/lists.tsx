/**
 * The lists: entries of the database, and the rules of list files and the built-in list.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import type { FixedRule } from "../../admin/fixed_rules.ts";
import type { StoredEntry } from "../../store/store.ts";
import { ActionButton, type PageContext, Panel, RowMenu } from "../components/layout.tsx";
import { NextPage, Table } from "../components/table.tsx";
import { Address, Text } from "../components/text.tsx";
import { Ago, count } from "../components/time.tsx";
import { answerPage, type AppContext, isRefresh } from "../http/context.tsx";
import { checkAfter, parametersOf, queryWithoutAfter } from "../http/page_query.ts";
import type { StatusService } from "../worker/status_service.ts";
import { EditForm, EntryForm, EntryPreviewCard, ExemptionForm } from "./entry_forms.tsx";
import { SearchForm } from "./filters.tsx";

const ROWS_PER_PAGE = 50;

function Expiry({ of: { expires }, now }: { of: StoredEntry; now: number }): JSX.Element {
  if (expires === undefined) return <span>never</span>;
  return expires <= now ? <span>expired</span> : <Ago at={expires} now={now} />;
}

const LIST_STYLES: Readonly<Record<string, string>> = {
  allow: "pass",
  release: "pass",
  block: "reject",
  trap: "reject",
};

function EntryButtons({ page, id }: { page: PageContext; id: number }): JSX.Element {
  return (
    <div class="buttons">
      <a class="button" href={`${page.prefix}/lists/${id}`} aria-label={`Edit entry ${id}`}>
        Edit
      </a>
      <RowMenu id={`entry-${id}`} label={`More actions for entry ${id}`}>
        <ActionButton
          page={page}
          to="/lists/remove"
          fields={{ id }}
          style="danger"
          label={`Remove entry ${id}`}
        >
          Remove
        </ActionButton>
      </RowMenu>
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
      style="entries"
      columns={[
        { head: "Pattern", kind: "mail" },
        { head: "List", kind: "state" },
        { head: "Hits", kind: "number labelled" },
        { head: "Last hit", kind: "labelled" },
        { head: "Expires", kind: "labelled" },
        { head: "Added", kind: "detail" },
        { head: "Actions", kind: "actions" },
      ]}
      empty={empty}
      rows={rows.map((entry) => ({
        key: entry.id,
        cells: [
          <div class="lines">
            <span>
              <a href={`${page.prefix}/lists/${entry.id}`}>
                <Address of={entry.pattern} />
              </a>
            </span>
            <span class="muted small">
              {`entry ${entry.id}`}
              {entry.note === "" ? "" : ": "}
              <Text of={entry.note} />
            </span>
          </div>,
          <span>
            <span class={`badge ${LIST_STYLES[entry.list] ?? ""}`}>{entry.list}</span>{" "}
            <span class="small">{entry.matchOn}</span>
          </span>,
          count(entry.hits),
          entry.lastHit === undefined ? "never" : <Ago at={entry.lastHit} now={now} />,
          <Expiry of={entry} now={now} />,
          <span class="small">
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
        { head: "Hits", kind: "number labelled" },
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
  // Reading the list files takes a while, and a refresh keeps the rules that are shown.
  const showsRules = after === undefined && !isRefresh(context);
  const rules = showsRules ? service.queries.fixedRules() : [];
  const content = (
    <>
      <div class="tools">
        <SearchForm page={page} text={text} path="/lists" />
        <ExemptionForm page={page} />
      </div>
      <p>
        <a class="button primary" href={`${page.prefix}/lists/new`}>Add an entry</a>
      </p>
      <Panel id="entries" title="Entries">
        <EntryTable
          page={page}
          rows={rows}
          empty="No entries. Allowed, blocked, exempted and released mail appears here."
        />
        <NextPage path={`${page.prefix}/lists${queryWithoutAfter(context)}`} next={next} />
      </Panel>
      {!showsRules ? "" : (
        <section aria-labelledby="rules-title" class="card">
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

/** The form for a new entry, with suggestions from a deferral or a decision, and its preview. */
export function newEntryPage(
  context: AppContext,
  service: StatusService,
  page: PageContext,
): Response {
  const parameters = parametersOf(context);
  const { list: wanted = "allow", deferral, decision, pattern, note } = parameters;
  const { queries } = service;
  const mail = deferral !== undefined
    ? queries.deferral(Number(deferral))
    : decision !== undefined
    ? queries.decision(Number(decision))
    : undefined;
  const suggestions = mail === undefined ? [] : queries.suggestions(mail);
  const list = wanted === "release" ? "allow" : wanted;
  const given = {
    list,
    matchOn: parameters.match_on,
    pattern,
    note,
    lifetime: parameters.for,
    source: deferral === undefined ? { decision } : { deferral },
  };
  const preview = pattern === "" ? undefined : service.commands.preview(given);
  const content = (
    <>
      {preview === undefined
        ? ""
        : <EntryPreviewCard page={page} given={given} preview={preview} />}
      <EntryForm page={page} given={given} suggestions={suggestions} />
    </>
  );
  return answerPage(context, page, NEW_ENTRY_TITLES[list], content);
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
