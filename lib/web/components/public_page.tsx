/**
 * The frame of pages for senders and recipients. It shows nothing of the administrator's pages.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";
import { type Language, LANGUAGES } from "../../text/language.ts";
import { LANGUAGE_NAMES } from "../pages/language.ts";
import { Head } from "./layout.tsx";

export function PublicPage(
  { prefix, path, language, languagesName, hostname, title, children }: {
    prefix: string;
    /** Of this page, without the prefix. */
    path: string;
    language: Language;
    /** The word for "Languages". */
    languagesName: string;
    hostname: string;
    title: string;
    children: Child;
  },
): JSX.Element {
  return (
    <html lang={language}>
      <Head
        prefix={prefix}
        assets={`${prefix}/my`}
        title={`${title} – ${hostname}`}
        scripts={false}
      />
      <body>
        <main class="help">
          <h1>{title}</h1>
          {children}
        </main>
        <footer class="help">
          <nav aria-label={languagesName}>
            <ul class="tabs">
              {LANGUAGES.map((one) => (
                <li>
                  <a
                    href={`${prefix}${path}?lang=${one}`}
                    lang={one}
                    hreflang={one}
                    aria-current={one === language ? "true" : undefined}
                  >
                    {LANGUAGE_NAMES[one]}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
        </footer>
      </body>
    </html>
  );
}
