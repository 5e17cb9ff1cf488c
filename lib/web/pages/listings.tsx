/**
 * Pages with one list each, and the way through it.
 *
 * @module
 */
import { answerPage } from "../http/answer.tsx";
import { DecisionTable } from "./decisions.tsx";
import type { StatusService } from "../worker/status_service.ts";
import type { Content } from "../components/html.ts";
import { type PageContext, Panel } from "../components/layout.tsx";
import { AutoWhitelistedTable, KnownTable } from "./origins.tsx";
import { checkPlace, type PageRequest, searchOf, withoutPlace } from "../http/page_query.ts";
import { SearchForm } from "./search.tsx";
import { More } from "../components/table.tsx";
import { LostTable, WaitingTable } from "./waiting.tsx";
import type { AppContext } from "../http/context.ts";

/** Rows of a page. */
const MANY = 50;

/** What is said where nothing is lost. */
export const ALL_RETRIED = "Everything that was put off came back, or may still do so.";

/** What an empty page of a search says: nothing at all, or nothing so far back. */
export function emptyWords(next: string | undefined, words: string): string {
  return next === undefined ? words : "Nothing among those that were looked at.";
}

/** A page with one list and the way through it. */
export interface Listing {
  /** The heading of its page. */
  readonly title: string;
  /** What is said before it. */
  readonly intro?: Content;
  /** Its rows. */
  readonly table: Content;
  /** Where the next page begins; undefined after the last. */
  readonly next: string | undefined;
}

/** Makes a listing. */
export type Maker = (
  desk: StatusService,
  frame: PageContext,
  given: PageRequest,
) => Promise<Listing>;

/** The listings, by the paths of their pages. */
export const LISTINGS: Readonly<Record<string, Maker>> = {
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
          empty={emptyWords(next, ALL_RETRIED)}
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
  "/auto-whitelisted": async (desk, frame, { q: text, after }) => {
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
      table: <AutoWhitelistedTable frame={frame} rows={rows} empty={empty} />,
      next,
    };
  },
};

/** Answers with the page of a listing. */
export async function listing(
  context: AppContext,
  desk: StatusService,
  frame: PageContext,
  path: string,
  make: Maker,
): Promise<Response> {
  const given = searchOf(context);
  checkPlace(path, given.after);
  const { title, intro = "", table, next } = await make(desk, frame, given);
  const here = frame.prefix + path + withoutPlace(context);
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
