// Converts times to the reader's zone and refreshes panels. Every page works without this script.

import { listen } from "./events.js";
import { updatePanels, watchUse } from "./panels.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The two largest units, as lib/text/duration.ts formats them. */
function formatDuration(milliseconds) {
  let rest = Math.abs(milliseconds);
  const parts = [];
  for (const [name, size] of [["d", DAY], ["h", HOUR], ["m", MINUTE], ["s", SECOND]]) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count > 0) parts.push(`${count}${name}`);
    if (parts.length === 2 || (count === 0 && parts.length > 0)) break;
  }
  return parts.join(" ");
}

function relative(milliseconds) {
  if (Math.abs(milliseconds) < SECOND) return "now";
  const duration = formatDuration(milliseconds);
  return milliseconds < 0 ? `in ${duration}` : `${duration} ago`;
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function updateAges(root) {
  for (const time of root.querySelectorAll("time[data-relative]")) {
    time.textContent = relative(Date.now() - new Date(time.dateTime));
  }
}

function localise(root) {
  for (const time of root.querySelectorAll("time")) {
    const text = exact.format(new Date(time.dateTime));
    time.title = text;
    if (!("relative" in time.dataset)) time.textContent = text;
  }
  updateAges(root);
  for (const label of root.querySelectorAll("[data-at]")) {
    const format = { hour, day, full }[label.dataset.form];
    label.textContent = format.format(new Date(label.dataset.at));
  }
}

let isRefreshing = false;
let isDue = false;

async function refresh() {
  if (isRefreshing || document.hidden) {
    isDue = true;
    return;
  }
  isRefreshing = true;
  isDue = false;
  const begin = performance.now();
  try {
    const response = await fetch(location.href, { headers: { "x-live": "1" } });
    if (response.ok) {
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      updatePanels(page, localise);
    }
  } catch {
    // The server restarts; EventSource reconnects on its own.
  }
  // A slow page is refreshed less often.
  const pause = Math.max(2 * SECOND, 10 * (performance.now() - begin));
  setTimeout(() => {
    isRefreshing = false;
    if (isDue) refresh();
  }, pause);
}

const button = document.getElementById("live");

if (button !== null && document.querySelector("[data-live]") !== null) {
  // `begin` covers what happened between the page and the start of the stream.
  const setLive = listen(document.body.dataset.prefix, refresh);
  button.hidden = false;
  button.addEventListener("click", () => {
    const isLive = button.getAttribute("aria-pressed") === "false";
    button.setAttribute("aria-pressed", String(isLive));
    setLive(isLive);
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && isDue) refresh();
  });
  watchUse(localise);
  setLive(true);
}

localise(document);
setInterval(() => updateAges(document), 10 * SECOND);
