/**
 * The overview: what an administrator looks at first, in the order of its worth.
 *
 * @module
 */
import { DatabaseError } from "../../store/database_error.ts";
import { answerPage } from "../http/answer.tsx";
import { Trend } from "../components/chart.tsx";
import { DecisionTable } from "./decisions.tsx";
import type { StatusService } from "../worker/status_service.ts";
import { DelayPanel, TodayList } from "./today.tsx";
import { healthOf } from "../api/health.ts";
import { Deviations } from "./health_panel.tsx";
import type { Content } from "../components/html.ts";
import { type PageContext, Panel } from "../components/layout.tsx";
import { ExpectForm } from "./lists.tsx";
import { ALL_RETRIED, emptyWords } from "./listings.tsx";
import { searchOf } from "../http/page_query.ts";
import { SearchForm } from "./search.tsx";
import { LostTable, WaitingTable } from "./waiting.tsx";
import type { AppContext } from "../http/context.ts";

/** Rows of a panel among others. */
const FEW = 8;

/** The overview. */
export async function overview(
  context: AppContext,
  desk: StatusService,
  frame: PageContext,
): Promise<Response> {
  const { settings } = desk;
  const { period } = searchOf(context);
  const length = { "24h": 1, "7d": 7, "30d": 30 }[period] * 86_400_000;
  const words = { "24h": "the last 24 hours", "7d": "the last 7 days", "30d": "the last 30 days" };
  const health = await healthOf(desk, { tries: false });
  const deviations = (
    <Panel id="deviations" title="What is wrong">
      <Deviations frame={frame} health={health} />
    </Panel>
  );
  let panels: Content;
  try {
    const waiting = await desk.waiting({ text: "", limit: FEW });
    const lost = await desk.lost({ text: "", limit: 5 });
    const decisions = await desk.decisions({ text: "", limit: FEW });
    const today = await desk.today();
    const buckets = await desk.trend(period);
    const day = await desk.summary(86_400_000);
    const summary = await desk.summary(length);
    panels = (
      <>
        <Panel id="waiting" title="Waiting now">
          <WaitingTable
            frame={frame}
            rows={waiting.rows}
            settings={settings}
            empty="Nothing waits. A stranger's mail appears here as soon as it is put off."
          />
          <p>
            <a href={`${frame.prefix}/waiting`}>Everything that waits</a>
          </p>
        </Panel>
        <ExpectForm frame={frame} />
        <Panel id="lost" title="Probably real mail that never came back">
          <LostTable
            frame={frame}
            rows={lost.rows}
            settings={settings}
            empty={emptyWords(lost.next, ALL_RETRIED)}
          />
          <p>
            <a href={`${frame.prefix}/lost`}>Everything that never came back</a>
          </p>
        </Panel>
        {deviations}
        <Panel id="today" title="Today: the last 24 hours">
          <TodayList
            frame={frame}
            today={today}
            retryWindow={settings.rules.retryWindow}
            summary={day}
          />
        </Panel>
        <Panel id="trend" title="Trend">
          <Trend frame={frame} buckets={buckets} period={period} />
        </Panel>
        <Panel id="delays" title="How long accepted mail had to wait">
          <DelayPanel summary={summary} words={words[period]} />
        </Panel>
        <Panel id="decisions" title="Recent decisions">
          <DecisionTable
            frame={frame}
            rows={decisions.rows}
            isHidden={settings.store.privacy}
            empty="Postfix has asked nothing yet. See “Hook into Postfix” in the README."
          />
          <p>
            <a href={`${frame.prefix}/decisions`}>All decisions</a>
          </p>
        </Panel>
      </>
    );
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    panels = (
      <>
        {deviations}
        <p class="empty">The database cannot be read now, so there is nothing else to show.</p>
      </>
    );
  }
  const content = (
    <>
      <SearchForm frame={frame} text="" />
      {panels}
    </>
  );
  return answerPage(context, frame, "Overview", content);
}
