// Times in the reader's zone, and panels that are brought up to date by themselves. Every page works
// without this.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The two largest units of a duration, as the server writes it. */
function duration(milliseconds) {
  let rest = Math.round(Math.abs(milliseconds) / SECOND) * SECOND;
  const parts = [];
  for (const [name, size] of [["d", DAY], ["h", HOUR], ["m", MINUTE], ["s", SECOND]]) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${name}`);
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(" ") || "0s";
}

function relative(milliseconds) {
  if (Math.abs(milliseconds) < SECOND) return "now";
  return milliseconds < 0 ? `in ${duration(milliseconds)}` : `${duration(milliseconds)} ago`;
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

function localise(root) {
  for (const time of root.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    time.title = exact.format(at);
    time.textContent = "relative" in time.dataset ? relative(Date.now() - at) : exact.format(at);
  }
  for (const label of root.querySelectorAll("[data-at]")) {
    const form = label.dataset.form === "hour" ? hour : day;
    label.textContent = form.format(new Date(label.dataset.at));
  }
}

/** Puts a panel in the place of the one that is shown, and leaves open what was opened. */
function replace(shown, fresh) {
  const open = [...shown.querySelectorAll("details[open]")].map((one) => one.id);
  const keys = new Set([...shown.querySelectorAll("tr[data-key]")].map((row) => row.dataset.key));
  for (const id of open) fresh.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  for (const row of fresh.querySelectorAll("tr[data-key]")) {
    row.classList.toggle("fresh", !keys.has(row.dataset.key));
  }
  localise(fresh);
  shown.replaceWith(fresh);
}

let isBusy = false;
let isDue = false;

async function update() {
  if (isBusy || document.hidden) {
    isDue = true;
    return;
  }
  isBusy = true;
  isDue = false;
  const begin = performance.now();
  try {
    const answer = await fetch(location.href, { headers: { "x-live": "1" } });
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const shown of document.querySelectorAll("[data-live]")) {
        const fresh = page.getElementById(shown.id);
        // A focused button stays in place.
        if (fresh !== null && !shown.contains(document.activeElement)) replace(shown, fresh);
      }
    }
  } catch {
    // The server is being restarted; the browser reconnects the stream of events.
  }
  // A page that took long is not asked for again at once.
  const pause = Math.max(2 * SECOND, 10 * (performance.now() - begin));
  setTimeout(() => {
    isBusy = false;
    if (isDue) update();
  }, pause);
}

let source;

function listen() {
  source = new EventSource(`${document.body.dataset.prefix}/api/v1/events`);
  // What happened between the making of the page and the first look for news is not told again.
  source.addEventListener("begin", update);
  source.addEventListener("decision", update);
  source.addEventListener("lists", update);
}

const button = document.getElementById("live");

if (button !== null && document.querySelector("[data-live]") !== null) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const isLive = button.getAttribute("aria-pressed") === "false";
    button.setAttribute("aria-pressed", String(isLive));
    if (isLive) {
      listen();
      update();
    } else {
      source.close();
    }
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && isDue) update();
  });
  listen();
}

localise(document);
setInterval(() => localise(document), 10 * SECOND);
