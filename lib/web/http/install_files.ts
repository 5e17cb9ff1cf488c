/**
 * The files with which a phone puts the pages on its home screen: manifests (W3C Web App Manifest) and icons.
 *
 * @module
 */
import icon from "../assets/icon.svg" with { type: "text" };
import touchIcon from "../assets/touch_icon.png.txt" with { type: "text" };
import style from "../assets/style.css" with { type: "text" };

export interface StaticFile {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly type: string;
}

/** URLs are relative to the manifest, whatever the prefix is. */
function manifest(name: string): StaticFile {
  const body = JSON.stringify({
    name,
    short_name: name,
    start_url: "./",
    scope: "./",
    display: "standalone",
    background_color: "#ffffff",
    theme_color: "#4a6072",
    icons: [
      { src: "icon.svg", type: "image/svg+xml", sizes: "any" },
      { src: "touch-icon.png", type: "image/png", sizes: "192x192", purpose: "any maskable" },
    ],
  });
  return { body, type: "application/manifest+json" };
}

const TOUCH_ICON: StaticFile = {
  body: Uint8Array.from(atob(touchIcon.replaceAll("\n", "")), (char) => char.charCodeAt(0)),
  type: "image/png",
};

/** A reverse proxy passes `/my/` and `/help` only, so that `/my/` has what these pages need. */
export const INSTALL_FILES: Readonly<Record<string, StaticFile>> = {
  "/manifest.webmanifest": manifest("Greylag"),
  "/touch-icon.png": TOUCH_ICON,
  "/my/manifest.webmanifest": manifest("My mail"),
  "/my/touch-icon.png": TOUCH_ICON,
  "/my/icon.svg": { body: icon, type: "image/svg+xml" },
  "/my/style.css": { body: style, type: "text/css; charset=utf-8" },
};
