/**
 * The pages: what each shows.
 *
 * @module
 */
import type { Access } from "../http/access.ts";
import { answerPage, ownPath, pageContextOf } from "../http/answer.tsx";
import { DecisionTable } from "./decisions.tsx";
import type { StatusService } from "../worker/status_service.ts";
import { healthOf } from "../api/health.ts";
import { Deviations, HealthList } from "./health_panel.tsx";
import { HelpPage } from "./help.tsx";
import { type PageContext, Panel } from "../components/layout.tsx";
import { EditForm, EntryForm, EntryTable, ExpectForm, RuleTable } from "./lists.tsx";
import { listing, LISTINGS } from "./listings.tsx";
import { AutoWhitelistedTable, KnownTable } from "./origins.tsx";
import { overview } from "./overview.tsx";
import { checkPlace, searchOf, withoutPlace } from "../http/page_query.ts";
import { SearchForm } from "./search.tsx";
import { SignInForm } from "./sign_in.tsx";
import { More } from "../components/table.tsx";
import { WaitingTable } from "./waiting.tsx";
import type { App, AppContext } from "../http/context.ts";

/** Rows of a page. */
const MANY = 50;

async function search(
  context: AppContext,
  desk: StatusService,
  frame: PageContext,
): Promise<Response> {
  const { q: text } = searchOf(context);
  if (text === "") {
    const content = <SearchForm frame={frame} text="" />;
    return answerPage(context, frame, "Find mail", content);
  }
  const { settings } = desk;
  const query = { text, limit: 20 };
  const [waiting, decisions, known, proven, entries] = [
    await desk.waiting(query),
    await desk.decisions(query),
    await desk.known(query),
    await desk.proven(query),
    await desk.entries(query),
  ];
  const q = encodeURIComponent(text);
  const hint = settings.store.privacy
    ? "Nothing found. Only hashes are stored, so that a whole address must be given."
    : "Nothing found.";
  const more = (path: string, next: string | undefined) => (
    <More path={`${frame.prefix}${path}?q=${q}`} next={next} words="Look further back" />
  );
  const content = (
    <>
      <SearchForm frame={frame} text={text} />
      <Panel id="waiting" title="Waiting now">
        <WaitingTable frame={frame} rows={waiting.rows} settings={settings} empty={hint} />
        {more("/waiting", waiting.next)}
      </Panel>
      <Panel id="decisions" title="Decisions">
        <DecisionTable
          frame={frame}
          rows={decisions.rows}
          isHidden={settings.store.privacy}
          empty={hint}
        />
        {more("/decisions", decisions.next)}
      </Panel>
      <Panel id="known" title="Known, passes at once">
        <KnownTable frame={frame} rows={known.rows} empty={hint} />
        {more("/known", known.next)}
      </Panel>
      <Panel id="auto-whitelisted" title="Proven origins">
        <AutoWhitelistedTable frame={frame} rows={proven.rows} empty={hint} />
        {more("/auto-whitelisted", proven.next)}
      </Panel>
      <Panel id="entries" title="Entries of the lists">
        <EntryTable frame={frame} rows={entries.rows} empty={hint} />
        {more("/lists", entries.next)}
      </Panel>
    </>
  );
  return answerPage(context, frame, "Find mail", content);
}

async function lists(
  context: AppContext,
  desk: StatusService,
  frame: PageContext,
): Promise<Response> {
  const { q: text, after, list } = searchOf(context);
  checkPlace("/lists", after);
  const { rows, next } = await desk.entries({ text, after, list, limit: MANY });
  const rules = after === undefined ? await desk.rules() : [];
  const content = (
    <>
      <SearchForm frame={frame} text={text} path="/lists" />
      <p>
        <a class="button" href={`${frame.prefix}/lists/new`}>Add an entry</a>
      </p>
      <ExpectForm frame={frame} />
      <Panel id="entries" title="Entries">
        <EntryTable
          frame={frame}
          rows={rows}
          empty="There is no such entry. What you allow, block, expect or let in appears here."
        />
        <More path={`${frame.prefix}/lists${withoutPlace(context)}`} next={next} />
      </Panel>
      {after !== undefined ? "" : (
        <section aria-labelledby="rules-title">
          <h2 id="rules-title">Files and built-in rules</h2>
          <details id="rules">
            <summary>{`${rules.length} rules that are changed elsewhere`}</summary>
            <RuleTable rows={rules} />
          </details>
        </section>
      )}
    </>
  );
  return answerPage(context, frame, "Lists", content);
}

async function newEntry(
  context: AppContext,
  desk: StatusService,
  frame: PageContext,
): Promise<Response> {
  const { list = "allow", deferral, decision } = searchOf(context);
  const mail = deferral !== undefined
    ? await desk.deferral(Number(deferral))
    : decision !== undefined
    ? await desk.decision(Number(decision))
    : undefined;
  const suggestions = mail === undefined ? [] : desk.suggestions(mail);
  const title = {
    allow: "Allow",
    block: "Block",
    "always-greylist": "Never prove",
    release: "Allow",
  };
  const form = { list: list === "release" ? "allow" as const : list, suggestions };
  return answerPage(context, frame, title[list], <EntryForm frame={frame} form={form} />);
}

async function health(
  context: AppContext,
  desk: StatusService,
  frame: PageContext,
): Promise<Response> {
  const found = await healthOf(desk, { tries: true });
  const content = (
    <>
      <Panel id="deviations" title="What is wrong">
        <Deviations frame={frame} health={found} />
      </Panel>
      <Panel id="figures" title="Figures">
        <HealthList frame={frame} health={found} settings={desk.settings} />
      </Panel>
    </>
  );
  return answerPage(context, frame, "Health", content);
}

/** The page to sign in. */
export async function signInPage(
  context: AppContext,
  desk: StatusService,
  access: Access,
  given: { readonly then: string; readonly problem?: string },
  status: 200 | 401 | 429 = 200,
): Promise<Response> {
  const frame = { ...pageContextOf(context, desk), path: "/sign-in" };
  const form = (
    <SignInForm
      frame={frame}
      then={ownPath(given.then)}
      hasPassword={await access.hasPassword()}
      problem={given.problem}
    />
  );
  return answerPage(context, frame, "Sign in", form, status);
}

/** Adds the pages to an application whose guard has already looked at the request. */
export function servePages(app: App, desk: StatusService, access: Access): void {
  const page = (
    path: string,
    show: (context: AppContext, desk: StatusService, frame: PageContext) => Promise<Response>,
  ) => app.get(path, (context) => show(context, desk, pageContextOf(context, desk)));
  page("/", overview);
  page("/search", search);
  page("/lists", lists);
  page("/lists/new", newEntry);
  page("/health", health);
  for (const [path, make] of Object.entries(LISTINGS)) {
    page(path, (context, _, frame) => listing(context, desk, frame, path, make));
  }
  page("/lists/:id{[0-9]{1,15}}", async (context, _, frame) => {
    const entry = await desk.entry(Number(context.req.param("id")));
    return answerPage(
      context,
      frame,
      `Entry ${entry.id}`,
      <EditForm frame={frame} entry={entry} />,
    );
  });
  app.get("/sign-in", (context) => {
    const { then } = searchOf(context);
    return signInPage(context, desk, access, { then });
  });
  app.get(
    "/help",
    (context) => context.html(`<!doctype html>${<HelpPage settings={desk.settings} />}`),
  );
}
