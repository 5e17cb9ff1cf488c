/**
 * The frame of every page: head, navigation, notice, footer; panels and action buttons.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";
import type { Visitor } from "../http/access.ts";
import type { Notice } from "../http/sessions.ts";
import { Text } from "./text.tsx";

/** What components need to know about the page and its reader. */
export interface PageContext {
  /** The path below which a reverse proxy serves the status page. */
  readonly prefix: string;
  /** The path and query of this page, without the prefix. */
  readonly path: string;
  readonly visitor: Visitor;
  readonly notice?: Notice | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const PAGES: readonly (readonly [path: string, name: string])[] = [
  ["/", "Overview"],
  ["/waiting", "Waiting"],
  ["/decisions", "Decisions"],
  ["/lost", "Possibly lost"],
  ["/auto-whitelisted", "Auto-whitelisted"],
  ["/lists", "Lists"],
  ["/health", "Health"],
];

function Navigation({ page }: { page: PageContext }): JSX.Element {
  const current = page.path.split("?")[0];
  return (
    <nav aria-label="Pages">
      <ul>
        {PAGES.map(([path, name]) => (
          <li>
            <a href={page.prefix + path} aria-current={path === current ? "page" : undefined}>
              {name}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function SessionLink({ page }: { page: PageContext }): JSX.Element {
  const { visitor, prefix, path } = page;
  if (visitor.kind === "administrator") {
    return <ActionButton page={page} to="/sign-out" plain>Sign out</ActionButton>;
  }
  const then = encodeURIComponent(path);
  return <a href={`${prefix}/sign-in?then=${then}`}>Sign in</a>;
}

/** A button in a form of its own, so that it works without scripts. */
export function ActionButton(
  { page, to, fields = {}, plain = false, label, children }: {
    page: PageContext;
    to: string;
    fields?: Readonly<Record<string, string | number>>;
    plain?: boolean;
    label?: string;
    children: Child;
  },
): JSX.Element {
  return (
    <form method="post" action={page.prefix + to} class="action">
      <HiddenFields page={page} />
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={String(value)} />
      ))}
      <button type="submit" class={plain ? "plain" : ""} aria-label={label}>{children}</button>
    </form>
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

/** A whole page. */
export function Layout(
  { page, title, children }: { page: PageContext; title: string; children: Child },
): JSX.Element {
  const { prefix, notice, visitor } = page;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>{`${title} – Greylag`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        {/* The origin check of our own forms needs a referrer policy that sends the origin. */}
        <meta name="referrer" content="same-origin" />
        <link rel="icon" href={`${prefix}/icon.svg`} type="image/svg+xml" />
        <link rel="stylesheet" href={`${prefix}/style.css`} />
        <script src={`${prefix}/live.js`} defer></script>
      </head>
      <body data-prefix={prefix}>
        <a class="skip" href="#main">Skip to content</a>
        <header>
          <a class="brand" href={`${prefix}/`}>Greylag</a>
          <Navigation page={page} />
          <div class="session">
            <button type="button" id="live" class="plain" aria-pressed="true" hidden>Live</button>
            <SessionLink page={page} />
          </div>
        </header>
        <main id="main" tabindex={-1}>
          <h1>{title}</h1>
          {notice === undefined ? "" : <NoticeBox page={page} notice={notice} />}
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

/** A section with a heading; scripts refresh it. */
export function Panel(
  { id, title, level = 2, children }: {
    id: string;
    title: string;
    level?: 2 | 3;
    children: Child;
  },
): JSX.Element {
  const Heading = level === 2 ? "h2" : "h3";
  return (
    <section id={id} aria-labelledby={`${id}-title`} data-live>
      <Heading id={`${id}-title`}>{title}</Heading>
      {children}
    </section>
  );
}
