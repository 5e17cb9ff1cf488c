import { type Browser, chromium } from "playwright-core";

/** Of Debian's package. */
const EXECUTABLE = "/usr/bin/chromium";

/** Starts Chromium without connections of its own. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      // The sandbox does not work for root.
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
