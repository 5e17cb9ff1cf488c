/**
 * The frame of every page: head, navigation, banner, notice, footer; panels and action buttons.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";
import type { Visitor } from "../http/access.ts";
import type { Notice } from "../http/sessions.ts";
import type { Problem } from "../worker/health.ts";
import { Text } from "./text.tsx";

/** The page and its visitor, for components. */
export interface PageContext {
  /** The path below which a reverse proxy serves the status page. */
  readonly prefix: string;
  /** The path and query of this page, without the prefix. */
  readonly path: string;
  readonly visitor: Visitor;
  readonly notice?: Notice | undefined;
  /** The text of the last change, while it can be undone. */
  readonly undoable?: string | undefined;
  /** The worst first; empty if there are none or the reader may not know. */
  readonly problems?: readonly Problem[] | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

interface Section {
  readonly path: string;
  readonly name: string;
  /** Pages within the section, its own first. */
  readonly pages: readonly (readonly [path: string, name: string])[];
}

const SECTIONS: readonly Section[] = [
  {
    path: "/",
    name: "Overview",
    pages: [["/", "Overview"], ["/top", "Top lists"], ["/search", "Find mail"]],
  },
  {
    path: "/waiting",
    name: "Deferred",
    pages: [["/waiting", "Waiting"], ["/lost", "Possibly lost"], ["/deferred", "All deferred"]],
  },
  { path: "/decisions", name: "Decisions", pages: [["/decisions", "Decisions"]] },
  {
    path: "/lists",
    name: "Lists",
    pages: [["/lists", "Entries"], ["/known", "Known senders"], [
      "/auto-whitelisted",
      "Auto-whitelisted",
    ]],
  },
  {
    path: "/health",
    name: "Health",
    pages: [["/health", "Health"]],
  },
];

function sectionOf(path: string): Section | undefined {
  const page = path.split("?")[0]!;
  return SECTIONS.find(({ pages }) => pages.some(([one]) => one === page)) ??
    SECTIONS.find(({ path }) => path !== "/" && page.startsWith(`${path}/`));
}

function Navigation({ page }: { page: PageContext }): JSX.Element {
  const { prefix, path, problems = [] } = page;
  const current = sectionOf(path);
  return (
    <nav aria-label="Pages">
      <ul>
        {SECTIONS.map((section) => (
          <li>
            <a
              href={prefix + section.path}
              aria-current={section.path === path.split("?")[0]
                ? "page"
                : section === current
                ? "true"
                : undefined}
            >
              {section.name}
              {section.path !== "/health" || problems.length === 0 ? "" : (
                <span class="count">
                  {problems.length}
                  <span class="visually-hidden">problems</span>
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Links to the other pages of the section. */
function Tabs({ page }: { page: PageContext }): JSX.Element {
  const path = page.path.split("?")[0]!;
  const pages = sectionOf(path)?.pages ?? [];
  if (pages.length < 2 || !pages.some(([one]) => one === path)) return <span hidden />;
  return (
    <nav aria-label="Section">
      <ul class="tabs">
        {pages.map(([one, name]) => (
          <li>
            <a href={page.prefix + one} aria-current={one === path ? "page" : undefined}>{name}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function SessionLink({ page }: { page: PageContext }): JSX.Element {
  const { visitor, prefix, path } = page;
  if (visitor.kind === "administrator") {
    return <ActionButton page={page} to="/sign-out" style="quiet">Sign out</ActionButton>;
  }
  const then = encodeURIComponent(path);
  return <a href={`${prefix}/sign-in?then=${then}`}>Sign in</a>;
}

/** The worst problem, on every page. */
function Banner({ page }: { page: PageContext }): JSX.Element {
  const { prefix, problems = [] } = page;
  const worst = problems.find(({ isError }) => isError);
  if (worst === undefined) return <span hidden />;
  return (
    <div class="banner" role="alert">
      <div>
        <strong>
          <Text of={worst.text} maxLength={300} />
        </strong>{" "}
        <Text of={worst.remedy} maxLength={300} />{" "}
        <a href={`${prefix}/health`}>
          {problems.length === 1 ? "Health" : `All ${problems.length} problems`}
        </a>
      </div>
    </div>
  );
}

/** A button in a form of its own, so that it works without scripts. */
export function ActionButton(
  { page, to, fields = {}, style = "", label, children }: {
    page: PageContext;
    to: string;
    fields?: Readonly<Record<string, string | number>>;
    style?: "" | "primary" | "quiet" | "danger";
    label?: string | undefined;
    children: Child;
  },
): JSX.Element {
  return (
    <form method="post" action={page.prefix + to} class="action">
      <PostFields page={page} fields={fields} />
      <button type="submit" class={style} aria-label={label}>{children}</button>
    </form>
  );
}

/** Hidden fields with fixed values, and those of every form. */
export function PostFields(
  { page, fields }: {
    page: PageContext;
    fields: Readonly<Record<string, string | number>>;
  },
): JSX.Element {
  return (
    <>
      <HiddenFields page={page} />
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={String(value)} />
      ))}
    </>
  );
}

/** The CSRF token and the page to return to, for every form. */
export function HiddenFields({ page: { visitor, path } }: { page: PageContext }): JSX.Element {
  return (
    <>
      <input type="hidden" name="then" value={path} />
      {visitor.kind === "administrator"
        ? <input type="hidden" name="csrf" value={visitor.session.csrf} />
        : ""}
    </>
  );
}

function NoticeBox({ page, notice }: { page: PageContext; notice: Notice }): JSX.Element {
  return (
    <div
      class={notice.isError ? "notice error" : "notice"}
      role={notice.isError ? "alert" : "status"}
    >
      <p>
        <Text of={notice.text} maxLength={300} />
      </p>
      {notice.undo === undefined ? "" : <ActionButton page={page} to="/undo">Undo</ActionButton>}
    </div>
  );
}

/** The last change, on all pages while it can be undone. */
function EarlierChange({ page, text }: { page: PageContext; text: string }): JSX.Element {
  return (
    <div class="notice earlier">
      <p>
        <Text of={text} maxLength={300} />
      </p>
      <ActionButton page={page} to="/undo" style="quiet">Undo</ActionButton>
    </div>
  );
}

/** The links and scripts in the head of every document. */
export function Head(
  { prefix, assets = prefix, title, scripts = true }: {
    prefix: string;
    /** The path of style sheet, icon and manifest. */
    assets?: string;
    title: string;
    scripts?: boolean;
  },
): JSX.Element {
  return (
    <head>
      <meta charset="utf-8" />
      <title>{title}</title>
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      {/* The origin check of our own forms needs a referrer policy that sends the origin. */}
      <meta name="referrer" content="same-origin" />
      <link rel="icon" href={`${assets}/icon.svg`} type="image/svg+xml" />
      <link rel="apple-touch-icon" href={`${assets}/touch-icon.png`} />
      <link rel="manifest" href={`${assets}/manifest.webmanifest`} />
      <link rel="stylesheet" href={`${assets}/style.css`} />
      {!scripts ? "" : (
        <>
          <script src={`${prefix}/theme.js`}></script>
          <script src={`${prefix}/live.js`} type="module"></script>
        </>
      )}
    </head>
  );
}

/** A whole page. */
export function Layout(
  { page, title, children }: { page: PageContext; title: string; children: Child },
): JSX.Element {
  const { prefix, notice, visitor, undoable, problems = [] } = page;
  const alarm = problems.some(({ isError }) => isError) ? "⚠ " : "";
  return (
    <html lang="en">
      <Head prefix={prefix} title={`${alarm}${title} – Greylag`} />
      <body data-prefix={prefix}>
        <a class="skip" href="#main">Skip to content</a>
        <div class="bar">
          <header>
            <a class="brand" href={`${prefix}/`} tabindex={-1}>
              <img src={`${prefix}/icon.svg`} alt="" />Greylag
            </a>
            <Navigation page={page} />
            <div class="session">
              <button type="button" id="live" class="quiet" aria-pressed="true" hidden>Live</button>
              <button type="button" id="theme" class="quiet" hidden>Theme</button>
              <SessionLink page={page} />
            </div>
          </header>
        </div>
        <Banner page={page} />
        <main id="main" tabindex={-1}>
          <div class="title">
            <h1>{title}</h1>
            <Tabs page={page} />
          </div>
          {notice === undefined ? "" : <NoticeBox page={page} notice={notice} />}
          {notice !== undefined || undoable === undefined
            ? ""
            : <EarlierChange page={page} text={undoable} />}
          {children}
        </main>
        <footer>
          <p>
            {visitor.kind === "administrator"
              ? "Changes take effect within a second."
              : "Read-only. Sign in to make changes."}{" "}
            <a href={`${prefix}/help`}>Help for senders of delayed mail</a> ·{" "}
            <a href={`${prefix}/api/v1/openapi.json`}>API</a>
          </p>
        </footer>
      </body>
    </html>
  );
}

/** More actions of a row, in a menu that works without scripts. */
export function RowMenu(
  { id, label, children }: { id: string; label: string; children: Child },
): JSX.Element {
  return (
    <details class="menu" id={id}>
      <summary aria-label={label}>⋯</summary>
      <div>{children}</div>
    </details>
  );
}

/** A section with a heading; scripts refresh it. */
export function Panel(
  { id, title, more, children }: {
    id: string;
    title: string;
    /** A link to the whole list. */
    more?: readonly [href: string, name: string];
    children: Child;
  },
): JSX.Element {
  return (
    <section id={id} aria-labelledby={`${id}-title`} class="card" data-live>
      <div class="card-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {more === undefined ? "" : <a class="small" href={more[0]}>{more[1]}</a>}
      </div>
      {children}
    </section>
  );
}
