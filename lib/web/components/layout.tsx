/**
 * What every page has: its head, the way to the others, the notice about the last change.
 *
 * @module
 */
import type { Content, Html } from "./html.ts";
import type { Visitor } from "../http/access.ts";
import type { Notice } from "../http/sessions.ts";
import { Text } from "./text.tsx";

/** What a page knows of who looks at it. */
export interface PageContext {
  /** The path below which the status page is. */
  readonly prefix: string;
  /** The path of this page, behind the prefix, with its search. */
  readonly path: string;
  /** Who looks at it. */
  readonly visitor: Visitor;
  /** What is said of the last change. */
  readonly notice?: Notice | undefined;
  /** The moment, in milliseconds since the epoch. */
  readonly now: number;
}

const PAGES: readonly (readonly [path: string, name: string])[] = [
  ["/", "Overview"],
  ["/waiting", "Waiting"],
  ["/decisions", "Decisions"],
  ["/lost", "Never came back"],
  ["/auto-whitelisted", "Proven origins"],
  ["/lists", "Lists"],
  ["/health", "Health"],
];

function Navigation({ frame }: { frame: PageContext }): Html {
  const here = frame.path.split("?")[0];
  return (
    <nav aria-label="Pages">
      <ul>
        {PAGES.map(([path, name]) => (
          <li>
            <a href={frame.prefix + path} aria-current={path === here ? "page" : undefined}>
              {name}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Who({ frame }: { frame: PageContext }): Html {
  const { visitor, prefix, path } = frame;
  if (visitor.kind === "administrator") {
    return <Act frame={frame} to="/sign-out" plain>Sign out</Act>;
  }
  const then = encodeURIComponent(path);
  return <a href={`${prefix}/sign-in?then=${then}`}>Sign in</a>;
}

/** A button that changes something: a form of its own, so that it needs no script. */
export function Act(
  { frame, to, fields = {}, plain = false, label, children }: {
    frame: PageContext;
    to: string;
    fields?: Readonly<Record<string, string | number>>;
    plain?: boolean;
    label?: string;
    children: Content;
  },
): Html {
  return (
    <form method="post" action={frame.prefix + to} class="act">
      <Csrf frame={frame} />
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={String(value)} />
      ))}
      <button type="submit" class={plain ? "plain" : ""} aria-label={label}>{children}</button>
    </form>
  );
}

/** What every form has to send along, and where the reader wants to be afterwards. */
export function Csrf({ frame: { visitor, path } }: { frame: PageContext }): Html {
  return (
    <>
      <input type="hidden" name="then" value={path} />
      {visitor.kind === "administrator"
        ? <input type="hidden" name="csrf" value={visitor.session.csrf} />
        : ""}
    </>
  );
}

function NoticeBox({ frame, notice }: { frame: PageContext; notice: Notice }): Html {
  return (
    <div class={notice.isBad ? "notice bad" : "notice"} role={notice.isBad ? "alert" : "status"}>
      <p>
        <Text of={notice.text} most={300} />
      </p>
      {notice.undo === undefined ? "" : <Act frame={frame} to="/undo">Undo</Act>}
    </div>
  );
}

/** A whole page. */
export function Layout(
  { frame, title, children }: { frame: PageContext; title: string; children: Content },
): Html {
  const { prefix, notice, visitor } = frame;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>{`${title} – Greylag`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        {/* Our own forms tell our own server where they come from, and nobody else anything. */}
        <meta name="referrer" content="same-origin" />
        <link rel="icon" href={`${prefix}/icon.svg`} type="image/svg+xml" />
        <link rel="stylesheet" href={`${prefix}/style.css`} />
        <script src={`${prefix}/live.js`} defer></script>
      </head>
      <body data-prefix={prefix}>
        <a class="skip" href="#main">To the content</a>
        <header>
          <a class="brand" href={`${prefix}/`}>Greylag</a>
          <Navigation frame={frame} />
          <div class="who">
            <button type="button" id="live" class="plain" aria-pressed="true" hidden>Live</button>
            <Who frame={frame} />
          </div>
        </header>
        <main id="main" tabindex={-1}>
          <h1>{title}</h1>
          {notice === undefined ? "" : <NoticeBox frame={frame} notice={notice} />}
          {children}
        </main>
        <footer>
          <p>
            {visitor.kind === "administrator"
              ? "Changes count within a second."
              : "You are reading. Every change asks for the password."}{" "}
            <a href={`${prefix}/help`}>Help for people whose mail was delayed</a> ·{" "}
            <a href={`${prefix}/api/v1/openapi.json`}>API</a>
          </p>
        </footer>
      </body>
    </html>
  );
}

/** A part of a page with its heading, which is brought up to date without a reload. */
export function Panel(
  { id, title, level = 2, children }: {
    id: string;
    title: string;
    level?: 2 | 3;
    children: Content;
  },
): Html {
  const Heading = level === 2 ? "h2" : "h3";
  return (
    <section id={id} aria-labelledby={`${id}-title`} data-live>
      <Heading id={`${id}-title`}>{title}</Heading>
      {children}
    </section>
  );
}
