/**
 * The pages: what each shows.
 *
 * @module
 */
import * as v from "valibot";
import { PERIODS } from "../service/figures.ts";
import { StoreFault } from "../store/fault.ts";
import type { Content } from "./html.ts";
import type { Access } from "./access.ts";
import { REASONS } from "./api_schema.ts";
import type { App, Asked } from "./web.ts";
import { Trend } from "./chart.tsx";
import { DecisionTable } from "./decisions.tsx";
import { type Desk, RefusedError } from "./desk.ts";
import { DelayPanel, GlanceList } from "./glance.tsx";
import { healthOf } from "./health.ts";
import { Deviations, HealthList } from "./health_panel.tsx";
import { HelpPage } from "./help.tsx";
import { type Frame, Layout, Panel } from "./layout.tsx";
import { EditForm, EntryForm, EntryTable, ExpectForm, RuleTable } from "./lists.tsx";
import { KnownTable, ProvenTable } from "./origins.tsx";
import { SearchForm } from "./search.tsx";
import { SignInForm } from "./sign_in.tsx";
import { More } from "./table.tsx";
import { LostTable, WaitingTable } from "./waiting.tsx";

const ALL_CAME_BACK = "Everything that was put off came back, or may still do so.";

/** Rows of a panel among others, and of a page of its own. */
const FEW = 8;
const MANY = 50;

const NUMBER = v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}$/)));

/** What the address of a page may hold; everything else in it is left out. */
const SEARCH = v.object({
  q: v.fallback(v.optional(v.pipe(v.string(), v.trim(), v.maxLength(320)), ""), ""),
  after: v.fallback(v.optional(v.pipe(v.string(), v.maxLength(4000))), undefined),
  period: v.fallback(v.optional(v.picklist(PERIODS), "24h"), "24h"),
  list: v.fallback(
    v.optional(v.picklist(["allow", "block", "never-proven", "release"])),
    undefined,
  ),
  reason: v.fallback(
    v.optional(
      v.pipe(v.string(), v.transform((words) => words.split(",")), v.array(v.picklist(REASONS))),
    ),
    undefined,
  ),
  deferral: v.fallback(NUMBER, undefined),
  decision: v.fallback(NUMBER, undefined),
  then: v.fallback(v.optional(v.string(), "/"), "/"),
});

/** A path of this server that a reader may be sent to; the overview for anything else. */
export function ownPath(path: unknown): string {
  // A backslash is a slash to a browser, and two slashes begin another host's address.
  const isOwn = typeof path === "string" && /^\/(?![/\\])[!-[\]-~]*$/.test(path) &&
    path.length <= 4000;
  return isOwn ? path : "/";
}

/** What a page knows of its reader; the notice is told once. */
export function frameOf(context: Asked, desk: Desk): Frame {
  const visitor = context.get("visitor");
  const url = new URL(context.req.url);
  const isRefresh = context.req.header("x-live") !== undefined;
  const frame: Frame = {
    prefix: desk.settings.prefix,
    path: ownPath(url.pathname + url.search),
    visitor,
    now: desk.now,
  };
  if (visitor.kind !== "administrator" || isRefresh) return frame;
  const { session } = visitor;
  const { notice } = session;
  session.notice = undefined;
  return notice === undefined ? frame : { ...frame, notice };
}

/** Answers with a whole page. */
export function answerPage(
  context: Asked,
  frame: Frame,
  title: string,
  content: Content,
  status: 200 | 400 | 401 | 403 | 404 | 429 | 500 | 503 = 200,
): Response {
  const page = <Layout frame={frame} title={title}>{content}</Layout>;
  return context.html(`<!doctype html>${page}`, status);
}

async function overview(context: Asked, desk: Desk, frame: Frame): Promise<Response> {
  const { settings } = desk;
  const { period } = v.parse(SEARCH, context.req.query());
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
    const glance = await desk.glance();
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
            empty={emptyWords(lost.next, ALL_CAME_BACK)}
          />
          <p>
            <a href={`${frame.prefix}/lost`}>Everything that never came back</a>
          </p>
        </Panel>
        {deviations}
        <Panel id="glance" title="Today: the last 24 hours">
          <GlanceList
            frame={frame}
            glance={glance}
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
    if (!(error instanceof StoreFault)) throw error;
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

async function search(context: Asked, desk: Desk, frame: Frame): Promise<Response> {
  const { q: text } = v.parse(SEARCH, context.req.query());
  if (text === "") {
    const content = <SearchForm frame={frame} text="" />;
    return answerPage(context, frame, "Find mail", content);
  }
  const { settings } = desk;
  const wish = { text, limit: 20 };
  const [waiting, decisions, known, proven, entries] = [
    await desk.waiting(wish),
    await desk.decisions(wish),
    await desk.known(wish),
    await desk.proven(wish),
    await desk.entries(wish),
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
      <Panel id="proven" title="Proven origins">
        <ProvenTable frame={frame} rows={proven.rows} empty={hint} />
        {more("/proven", proven.next)}
      </Panel>
      <Panel id="entries" title="Entries of the lists">
        <EntryTable frame={frame} rows={entries.rows} empty={hint} />
        {more("/lists", entries.next)}
      </Panel>
    </>
  );
  return answerPage(context, frame, "Find mail", content);
}

/** What an empty page of a search says: nothing at all, or nothing so far back. */
function emptyWords(next: string | undefined, words: string): string {
  return next === undefined ? words : "Nothing among those that were looked at.";
}

/** A page with one list and the way through it. */
interface Listing {
  readonly title: string;
  readonly intro?: Content;
  readonly table: Content;
  readonly next: string | undefined;
}

type Maker = (
  desk: Desk,
  frame: Frame,
  given: v.InferOutput<typeof SEARCH>,
) => Promise<Listing>;

const LISTINGS: Readonly<Record<string, Maker>> = {
  "/waiting": async (desk, frame, { q: text, after }) => {
    const { rows, next } = await desk.waiting({ text, after, limit: MANY });
    const empty = emptyWords(next, "Nothing waits.");
    return {
      title: "Waiting now",
      table: <WaitingTable frame={frame} rows={rows} settings={desk.settings} empty={empty} />,
      next,
    };
  },
  "/decisions": async (desk, frame, { q: text, after, reason }) => {
    const { rows, next } = await desk.decisions({ text, after, limit: MANY }, reason);
    const empty = emptyWords(next, "There is no such decision.");
    const isHidden = desk.settings.store.privacy;
    return {
      title: "Decisions",
      ...(reason === undefined ? {} : {
        intro: (
          <p>
            {`Only with the reason ${reason.join(", ")}. `}
            <a href={`${frame.prefix}/decisions`}>All decisions</a>
          </p>
        ),
      }),
      table: <DecisionTable frame={frame} rows={rows} isHidden={isHidden} empty={empty} />,
      next,
    };
  },
  "/lost": async (desk, frame, { q: text, after }) => {
    const { rows, next } = await desk.lost({ text, after, limit: MANY });
    return {
      title: "Never came back",
      intro: (
        <p>
          What was put off and was not tried again for six hours or more, the most likely real mail
          first: a verified name, a host of the sender's own organisation and more than one try
          count for it.
        </p>
      ),
      table: (
        <LostTable
          frame={frame}
          rows={rows}
          settings={desk.settings}
          empty={emptyWords(next, ALL_CAME_BACK)}
        />
      ),
      next,
    };
  },
  "/known": async (desk, frame, { q: text, after }) => {
    const { rows, next } = await desk.known({ text, after, limit: MANY });
    const empty = emptyWords(next, "Nobody is known yet.");
    return {
      title: "Known senders",
      table: <KnownTable frame={frame} rows={rows} empty={empty} />,
      next,
    };
  },
  "/proven": async (desk, frame, { q: text, after }) => {
    const { rows, next } = await desk.proven({ text, after, limit: MANY });
    const least = desk.settings.rules.autoWhitelistClients;
    const empty = emptyWords(next, "No origin is proven yet.");
    return {
      title: "Proven origins",
      intro: (
        <p>
          {least === 0
            ? "auto_whitelist_clients is 0: no origin is ever proven."
            : `Origins that kept their word ${least} times or more skip greylisting. `}
          <a href={`${frame.prefix}/known`}>Known senders</a>
        </p>
      ),
      table: <ProvenTable frame={frame} rows={rows} empty={empty} />,
      next,
    };
  },
};

async function listing(
  context: Asked,
  desk: Desk,
  frame: Frame,
  path: string,
  make: Maker,
): Promise<Response> {
  const given = v.parse(SEARCH, context.req.query());
  checkCursor(path, given.after);
  const { title, intro = "", table, next } = await make(desk, frame, given);
  const { after: _, ...kept } = context.req.query();
  const query = new URLSearchParams(kept).toString();
  const here = frame.prefix + path + (query === "" ? "" : `?${query}`);
  const content = (
    <>
      <SearchForm frame={frame} text={given.q} path={path} />
      {intro}
      <Panel id="list" title="The list">
        {table}
        <More path={here} next={next} />
      </Panel>
    </>
  );
  return answerPage(context, frame, title, content);
}

/** Places in tables with a text for a key; all others have a number. */
const KEY_PARTS: Readonly<Record<string, number>> = { "/known": 3, "/proven": 1 };

function checkCursor(path: string, after: string | undefined): void {
  if (after === undefined) return;
  const parts = KEY_PARTS[path];
  let isPlace = /^\d{1,15}$/.test(after);
  if (parts !== undefined) {
    try {
      const key: unknown = JSON.parse(after);
      isPlace = Array.isArray(key) && key.length === parts &&
        key.every((part) => typeof part === "string");
    } catch {
      isPlace = false;
    }
  }
  if (!isPlace) throw new RefusedError(400, "this is no place in the list");
}

async function lists(context: Asked, desk: Desk, frame: Frame): Promise<Response> {
  const { q: text, after, list } = v.parse(SEARCH, context.req.query());
  checkCursor("/lists", after);
  const { rows, next } = await desk.entries({ text, after, list, limit: MANY });
  const rules = after === undefined ? await desk.rules() : [];
  const { after: _, ...kept } = context.req.query();
  const query = new URLSearchParams(kept).toString();
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
        <More path={`${frame.prefix}/lists${query === "" ? "" : `?${query}`}`} next={next} />
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

async function newEntry(context: Asked, desk: Desk, frame: Frame): Promise<Response> {
  const { list = "allow", deferral, decision } = v.parse(SEARCH, context.req.query());
  const mail = deferral !== undefined
    ? await desk.deferral(Number(deferral))
    : decision !== undefined
    ? await desk.decision(Number(decision))
    : undefined;
  const suggestions = mail === undefined ? [] : desk.suggestions(mail);
  const title = { allow: "Allow", block: "Block", "never-proven": "Never prove", release: "Allow" };
  const form = { list: list === "release" ? "allow" as const : list, suggestions };
  return answerPage(context, frame, title[list], <EntryForm frame={frame} form={form} />);
}

async function health(context: Asked, desk: Desk, frame: Frame): Promise<Response> {
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
  context: Asked,
  desk: Desk,
  access: Access,
  given: { readonly then: string; readonly problem?: string },
  status: 200 | 401 | 429 = 200,
): Promise<Response> {
  const form = (
    <SignInForm
      frame={{ ...frameOf(context, desk), path: "/sign-in" }}
      then={ownPath(given.then)}
      hasPassword={await access.hasPassword()}
      problem={given.problem}
    />
  );
  const frame = { ...frameOf(context, desk), path: "/sign-in" };
  return answerPage(context, frame, "Sign in", form, status);
}

/** Adds the pages to an application whose guard has already looked at the request. */
export function servePages(app: App, desk: Desk, access: Access): void {
  const page = (
    path: string,
    show: (context: Asked, desk: Desk, frame: Frame) => Promise<Response>,
  ) => app.get(path, (context) => show(context, desk, frameOf(context, desk)));
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
    const { then } = v.parse(SEARCH, context.req.query());
    return signInPage(context, desk, access, { then });
  });
  app.get(
    "/help",
    (context) => context.html(`<!doctype html>${<HelpPage settings={desk.settings} />}`),
  );
}
