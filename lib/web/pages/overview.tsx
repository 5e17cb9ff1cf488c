/**
 * The overview: status sentence, possibly lost and waiting mail, figures, trend, recent decisions.
 *
 * @module
 */
import type { JSX } from "hono/jsx/jsx-runtime";
import { describeOutcome } from "../../admin/deferral_outcome.ts";
import { dnsListAdvice } from "../../admin/dns_list_checks.ts";
import type { Period } from "../../admin/statistics.ts";
import { DatabaseError } from "../../store/database_error.ts";
import { Trend } from "../components/chart.tsx";
import { type PageContext, Panel } from "../components/layout.tsx";
import { answerPage, type AppContext } from "../http/context.tsx";
import { parametersOf } from "../http/page_query.ts";
import type { Health } from "../worker/health.ts";
import type { StatusService } from "../worker/status_service.ts";
import { DecisionTable } from "./decisions.tsx";
import { ExemptionForm } from "./entry_forms.tsx";
import { DelayPanel, FigureList, StatusSentence, type StatusState } from "./figures.tsx";
import { FirstSteps } from "./first_steps.tsx";
import { PeriodLinks, periodName, SearchForm } from "./filters.tsx";
import { NOTHING_LOST } from "./listings.tsx";
import { LostTable, WaitingTable } from "./waiting.tsx";

const ROWS_PER_PANEL = 6;
const LOST_ROWS = 4;

function stateOf(page: PageContext, { settings }: StatusService): StatusState {
  const { problems = [] } = page;
  if (problems.some(({ isError }) => isError)) return { text: "Not working.", style: "bad" };
  if (settings.rules.mode === "off") return { text: "Switched off.", style: "wait" };
  if (problems.length > 0) return { text: "Working, with warnings.", style: "wait" };
  return { text: "Working.", style: "" };
}

function mailPanels(page: PageContext, service: StatusService): JSX.Element {
  const { queries, settings } = service;
  const waiting = queries.waiting({ text: "", limit: ROWS_PER_PANEL });
  const lost = queries.lost({ text: "", limit: LOST_ROWS });
  const released = queries.released();
  return (
    <>
      <Panel
        id="lost"
        title="Possibly lost mail"
        more={[`${page.prefix}/lost`, "All possibly lost mail"]}
      >
        <LostTable
          page={page}
          rows={lost.rows}
          settings={settings}
          released={released}
          empty={NOTHING_LOST}
        />
      </Panel>
      <Panel id="waiting" title="Waiting" more={[`${page.prefix}/waiting`, "All waiting mail"]}>
        <WaitingTable
          page={page}
          rows={waiting.rows}
          settings={settings}
          released={released}
          empty="No mail is waiting. Deferred mail appears here at once."
        />
      </Panel>
    </>
  );
}

/** The share of mail that was stopped, and the advice to use a DNS list where none is set. */
function dnsListPanel({ queries, settings }: StatusService): JSX.Element | "" {
  const outcome = queries.outcome();
  const advice = settings.rules.hasDnsLists ? [] : dnsListAdvice([]);
  if (outcome === undefined && advice.length === 0) return "";
  return (
    <Panel id="dns-lists" title="DNS lists">
      {outcome === undefined ? "" : <p>{describeOutcome(outcome, settings.rules.hasDnsLists)}</p>}
      {advice.map(({ what, remedy }) => <p class="muted">{`Advice: ${what}. ${remedy}`}</p>)}
    </Panel>
  );
}

function figurePanels(page: PageContext, service: StatusService, period: Period): JSX.Element {
  const { queries, settings } = service;
  const name = periodName(period);
  const report = queries.report(period);
  const decisions = queries.decisions({ text: "", limit: ROWS_PER_PANEL });
  return (
    <>
      <Panel
        id="figures"
        title={`Figures of ${name}`}
        more={[`${page.prefix}/top?period=${period}`, "Top lists"]}
      >
        <PeriodLinks page={page} path="/" period={period} />
        <FigureList page={page} report={report} />
        <Trend page={page} buckets={queries.trend(period)} period={period} name={name} />
        <DelayPanel delays={report.delays} period={name} />
      </Panel>
      <Panel
        id="decisions"
        title="Recent decisions"
        more={[`${page.prefix}/decisions`, "All decisions"]}
      >
        <DecisionTable
          page={page}
          rows={decisions.rows}
          isHashed={settings.store.privacy}
          empty="No requests from Postfix yet. See “Hook into Postfix” in the README."
        />
      </Panel>
    </>
  );
}

function Sentence(
  { page, service, period }: { page: PageContext; service: StatusService; period: Period },
): JSX.Element {
  const { queries } = service;
  const isIdle = queries.isIdle();
  return (
    <section id="status" class="card" aria-label="Status" data-live>
      <StatusSentence
        page={page}
        report={queries.report(period)}
        state={stateOf(page, service)}
        name={periodName(period)}
        isIdle={isIdle}
      />
    </section>
  );
}

export function overviewPage(
  context: AppContext,
  service: StatusService,
  page: PageContext,
  health: Health,
): Response {
  const { period } = parametersOf(context);
  const answer = (panels: JSX.Element) => answerPage(context, page, "Overview", panels);
  try {
    return answer(
      <>
        <Sentence page={page} service={service} period={period} />
        <FirstSteps service={service} health={health} />
        <div class="tools">
          <SearchForm page={page} text="" />
          <ExemptionForm page={page} />
        </div>
        {mailPanels(page, service)}
        {figurePanels(page, service, period)}
        {dnsListPanel(service)}
      </>,
    );
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return answer(
      <p class="empty">The database cannot be read. There is nothing else to show.</p>,
    );
  }
}
