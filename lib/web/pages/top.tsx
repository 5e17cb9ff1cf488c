/**
 * The sender domains, client networks and recipients with the most deferred mail of a period.
 *
 * @module
 */
import type { TopKey } from "../../store/history.ts";
import { type PageContext, Panel } from "../components/layout.tsx";
import { Table } from "../components/table.tsx";
import { Address } from "../components/text.tsx";
import { count } from "../components/time.tsx";
import { answerPage, type AppContext } from "../http/context.tsx";
import { parametersOf } from "../http/page_query.ts";
import type { StatusService } from "../worker/status_service.ts";
import { PeriodLinks, periodName } from "./filters.tsx";
import { type SubjectKind, subjectPath } from "./mail_cells.tsx";

const ROWS = 10;

const LISTS: readonly (readonly [key: TopKey, title: string, path: SubjectKind])[] = [
  ["senderDomain", "Sender domains", "senders"],
  ["network", "Client networks", "clients"],
  ["recipient", "Recipients", "recipients"],
];

export function topPage(
  context: AppContext,
  { queries }: StatusService,
  page: PageContext,
): Response {
  const { period } = parametersOf(context);
  const content = (
    <>
      <PeriodLinks page={page} path="/top" period={period} />
      <p class="muted">{`Deferred mail of ${periodName(period)}, by its number.`}</p>
      <div class="columns">
        {LISTS.map(([key, title, path]) => (
          <Panel id={path} title={title}>
            <Table
              caption={title}
              columns={[
                { head: "Name", kind: "wide" },
                { head: "Deferred", kind: "number labelled" },
                { head: "Stopped", kind: "number labelled" },
                { head: "Retried", kind: "number labelled" },
              ]}
              empty="No mail was deferred."
              rows={queries.top(key, period, ROWS).map(
                ({ value, deferred, notRetried, retried }) => ({
                  key: value,
                  cells: [
                    <a href={page.prefix + subjectPath(path, value)}>
                      {value === ""
                        ? "bounces (null sender)"
                        : <Address of={value.replace(/^net:/, "")} />}
                    </a>,
                    count(deferred),
                    count(notRetried),
                    count(retried),
                  ],
                }),
              )}
            />
          </Panel>
        ))}
      </div>
    </>
  );
  return answerPage(context, page, "Top lists", content);
}
