/**
 * The filters of decisions and deferred mail: they combine and stand in the URL.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import type { DecisionQuery, DeferralQuery } from "../../admin/queries.ts";
import { HOUR } from "../../text/duration.ts";
import { type Period, trendSince } from "../../admin/statistics.ts";
import { REASONS } from "../api/schema.ts";
import type { PageContext } from "../components/layout.tsx";
import type { PageParameters } from "../http/page_query.ts";
import type { StatusQueries } from "../worker/status_queries.ts";
import { DECISION_NAMES } from "./decisions.tsx";
import { STATE_BADGES } from "./waiting.tsx";

/** Names of the parameters that filter, as people read them. */
const FILTERS: Readonly<Record<string, string>> = {
  q: "text",
  verdict: "decision",
  state: "state",
  reason: "reason",
  domain: "sender domain",
  recipient: "recipient",
  client: "client",
  since: "time",
  from: "from",
  until: "until",
};

const PERIOD_NAMES: Readonly<Record<Period, string>> = {
  "24h": "24 hours",
  "7d": "7 days",
  "30d": "30 days",
};

const PERIODS = Object.entries(PERIOD_NAMES);

/** Such as `the last 7 days`. */
export function periodName(period: Period): string {
  return `the last ${PERIOD_NAMES[period]}`;
}

type Filters = Pick<
  PageParameters,
  "domain" | "recipient" | "client" | "since" | "from" | "until"
>;

/** Beginning of the chosen period, as in the figures. */
function sinceOf({ since, from }: Filters, now: number): number | undefined {
  if (since === undefined) return from;
  return since === "1h" ? now - HOUR : trendSince(since, now);
}

type Selected = Pick<
  DecisionQuery & DeferralQuery,
  "senderDomain" | "recipient" | "network" | "clientAddress" | "from" | "until"
>;

/** The selection that the parameters of a page make. */
export function selectionOf(queries: StatusQueries, filters: Filters): Selected {
  const { domain, recipient, client, until } = filters;
  return {
    ...(domain === undefined ? {} : { senderDomain: domain === "<>" ? "" : domain.toLowerCase() }),
    ...(recipient === undefined ? {} : { recipient }),
    ...(client === undefined ? {} : queries.clientSelection(client)),
    from: sinceOf(filters, queries.now),
    until,
  };
}

/** The decisions that the parameters of a page select. */
export function decisionQuery(
  queries: StatusQueries,
  parameters: PageParameters,
): Omit<DecisionQuery, "limit"> {
  const { q: text, reason: reasons, verdict: decision } = parameters;
  return { ...selectionOf(queries, parameters), text, reasons, decision };
}

/** The query string of the filters in force, without some of them. */
export function filterQuery(
  parameters: URLSearchParams,
  without: readonly string[] = [],
): string {
  const kept = new URLSearchParams();
  for (const name of Object.keys(FILTERS)) {
    const value = parameters.get(name);
    if (value !== null && value !== "" && !without.includes(name)) kept.set(name, value);
  }
  const query = kept.toString();
  return query === "" ? "" : `?${query}`;
}

function Select(
  { name, label, value, options }: {
    name: string;
    label: string;
    value: string | undefined;
    options: readonly (readonly [value: string, name: string])[];
  },
): JSX.Element {
  const known = value === undefined || options.some(([one]) => one === value);
  return (
    <span>
      <label for={`filter-${name}`} class="visually-hidden">{label}</label>
      <select id={`filter-${name}`} name={name}>
        <option value="">{label}</option>
        {known ? "" : <option value={value} selected>{value}</option>}
        {options.map(([one, text]) => <option value={one} selected={one === value}>{text}</option>)}
      </select>
    </span>
  );
}

function SearchField({ text }: { text: string }): JSX.Element {
  return (
    <>
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
    </>
  );
}

export function SearchForm(
  { page, text, path = "/search" }: { page: PageContext; text: string; path?: string },
): JSX.Element {
  return (
    <form method="get" action={page.prefix + path} role="search" class="inline-form">
      <SearchField text={text} />
      <button type="submit">Find</button>
    </form>
  );
}

/** The form for filters, and the filters in force, each with a link that removes it. */
export function FilterForm(
  { page, path, parameters, of }: {
    page: PageContext;
    path: string;
    parameters: URLSearchParams;
    of: "decisions" | "deferred";
  },
): JSX.Element {
  const get = (name: string) => parameters.get(name) ?? undefined;
  const chips = Object.entries(FILTERS).filter(([name]) => (get(name) ?? "") !== "");
  // The fields of the form are the others.
  const hidden = ["domain", "recipient", "client", "from", "until"];
  return (
    <>
      <form method="get" action={page.prefix + path} role="search" class="inline-form">
        <SearchField text={get("q") ?? ""} />
        {of === "decisions"
          ? (
            <>
              <Select
                name="verdict"
                label="any decision"
                value={get("verdict")}
                options={Object.entries(DECISION_NAMES)}
              />
              <Select
                name="reason"
                label="any reason"
                value={get("reason")}
                options={REASONS.map((reason) => [reason, reason])}
              />
            </>
          )
          : (
            <Select
              name="state"
              label="any state"
              value={get("state")}
              options={Object.entries(STATE_BADGES).map(([state, [, text]]) => [state, text])}
            />
          )}
        <Select
          name="since"
          label="any time"
          value={get("since")}
          options={[
            ["1h", "last hour"],
            ...PERIODS.map(([period, name]) => [period, `last ${name}`] as const),
          ]}
        />
        {hidden.map((name) =>
          get(name) === undefined ? "" : <input type="hidden" name={name} value={get(name)} />
        )}
        <button type="submit" class="primary">Find</button>
      </form>
      {chips.length === 0 ? "" : (
        <ul class="filters" aria-label="Filters">
          {chips.map(([name, title]) => (
            <li>
              <span>
                {title}: <bdi>{get(name)!.slice(0, 200)}</bdi>
              </span>
              <a
                href={page.prefix + path + filterQuery(parameters, [name])}
                aria-label={`Remove the filter ${title}`}
              >
                ×
              </a>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Links with a period for a page of figures. */
export function PeriodLinks(
  { page, path, period }: { page: PageContext; path: string; period: string },
): JSX.Element {
  return (
    <ul class="tabs" aria-label="Period">
      {PERIODS.map(([one, name]) => (
        <li>
          <a
            href={`${page.prefix}${path}?period=${one}`}
            aria-current={one === period ? "true" : undefined}
          >
            {name}
          </a>
        </li>
      ))}
    </ul>
  );
}
