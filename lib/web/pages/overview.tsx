/**
 * The overview: waiting and possibly lost mail, problems, figures, recent decisions.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import type { Period } from "../../admin/statistics.ts";
import { DatabaseError } from "../../store/database_error.ts";
import { DAY } from "../../text/duration.ts";
import { Trend } from "../components/chart.tsx";
import { type PageContext, Panel } from "../components/layout.tsx";
import { answerPage, type AppContext } from "../http/context.tsx";
import { parametersOf } from "../http/page_query.ts";
import { healthOf } from "../worker/health.ts";
import type { StatusService } from "../worker/status_service.ts";
import { DecisionTable } from "./decisions.tsx";
import { ExemptionForm } from "./entry_forms.tsx";
import { ProblemList } from "./health.tsx";
import { emptyText, NOTHING_LOST } from "./listings.tsx";
import { SearchForm } from "./search.tsx";
import { DelayPanel, TodayList } from "./today.tsx";
import { LostTable, WaitingTable } from "./waiting.tsx";

const ROWS_PER_PANEL = 8;
const LOST_ROWS = 5;

const PERIODS: Readonly<Record<Period, { readonly days: number; readonly name: string }>> = {
  "24h": { days: 1, name: "the last 24 hours" },
  "7d": { days: 7, name: "the last 7 days" },
  "30d": { days: 30, name: "the last 30 days" },
};

function mailPanels(page: PageContext, service: StatusService): JSX.Element {
  const { queries, settings } = service;
  const waiting = queries.waiting({ text: "", limit: ROWS_PER_PANEL });
  const lost = queries.lost({ text: "", limit: LOST_ROWS });
  return (
    <>
      <Panel id="waiting" title="Waiting">
        <WaitingTable
          page={page}
          rows={waiting.rows}
          settings={settings}
          empty="No mail is waiting. Deferred mail appears here at once."
        />
        <p>
          <a href={`${page.prefix}/waiting`}>All waiting mail</a>
        </p>
      </Panel>
      <ExemptionForm page={page} />
      <Panel id="lost" title="Possibly lost mail">
        <LostTable
          page={page}
          rows={lost.rows}
          settings={settings}
          empty={emptyText(lost.next, NOTHING_LOST)}
        />
        <p>
          <a href={`${page.prefix}/lost`}>All possibly lost mail</a>
        </p>
      </Panel>
    </>
  );
}

function figurePanels(page: PageContext, service: StatusService, period: Period): JSX.Element {
  const { queries, settings } = service;
  const { days, name } = PERIODS[period];
  const decisions = queries.decisions({ text: "", limit: ROWS_PER_PANEL });
  return (
    <>
      <Panel id="today" title="Last 24 hours">
        <TodayList
          page={page}
          today={queries.today()}
          retryWindow={settings.rules.retryWindow}
          summary={queries.summary(DAY)}
        />
      </Panel>
      <Panel id="trend" title="Trend">
        <Trend page={page} buckets={queries.trend(period)} period={period} />
      </Panel>
      <Panel id="delays" title="Delay of accepted mail">
        <DelayPanel summary={queries.summary(days * DAY)} period={name} />
      </Panel>
      <Panel id="decisions" title="Recent decisions">
        <DecisionTable
          page={page}
          rows={decisions.rows}
          isHashed={settings.store.privacy}
          empty="No requests from Postfix yet. See “Hook into Postfix” in the README."
        />
        <p>
          <a href={`${page.prefix}/decisions`}>All decisions</a>
        </p>
      </Panel>
    </>
  );
}

export async function overviewPage(
  context: AppContext,
  service: StatusService,
  page: PageContext,
): Promise<Response> {
  const { period } = parametersOf(context);
  const health = await healthOf(service, { writeTest: false });
  const problems = (
    <Panel id="problems" title="Problems">
      <ProblemList page={page} health={health} />
    </Panel>
  );
  const answer = (panels: JSX.Element) =>
    answerPage(
      context,
      page,
      "Overview",
      <>
        <SearchForm page={page} text="" />
        {panels}
      </>,
    );
  try {
    // No components, which would render, and throw, after this block.
    return answer(
      <>
        {mailPanels(page, service)}
        {problems}
        {figurePanels(page, service, period)}
      </>,
    );
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return answer(
      <>
        {problems}
        <p class="empty">The database cannot be read. There is nothing else to show.</p>
      </>,
    );
  }
}
