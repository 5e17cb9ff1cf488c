/**
 * The files that pages are made of, inside the executable, each under the path that it is asked for by.
 *
 * @module
 */
import icon from "../assets/icon.svg" with { type: "text" };
import script from "../assets/live.js" with { type: "text" };
import style from "../assets/style.css" with { type: "text" };

/** A file. */
export interface StaticFile {
  /** What it holds. */
  readonly text: string;
  /** Its media type. */
  readonly type: string;
}

/** The files by their paths. */
export const FILES: Readonly<Record<string, StaticFile>> = {
  "/style.css": { text: style, type: "text/css; charset=utf-8" },
  "/live.js": { text: script, type: "text/javascript; charset=utf-8" },
  "/icon.svg": { text: icon, type: "image/svg+xml" },
};
