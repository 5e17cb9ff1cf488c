/**
 * A real Chromium (Debian's).
 *
 * @module
 */
import { type Browser, chromium } from "playwright-core";

/** Where Debian puts it. */
const EXECUTABLE = "/usr/bin/chromium";

/** Starts one that talks to nobody but the server under test. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      // As root there is no sandbox.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
