// Replaces panels by newer ones, but never what somebody reads, selects or is about to click.

/** Newer versions that wait until their panel is not in use, by its id. */
const held = new Map();

const rowsOf = (panel) => [...panel.querySelectorAll("tr[data-key]")];

function isSelected(panel) {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && selection.containsNode(panel, true);
}

function isInUse(panel) {
  return panel.matches(":hover") || panel.contains(document.activeElement) || isSelected(panel) ||
    panel.querySelector("details.menu[open]") !== null;
}

/** The panels that must not change: a panel in use, and those above, which would move it. */
function panelsInUse(panels) {
  return new Set(panels.slice(0, panels.findLastIndex(isInUse) + 1));
}

function replace(shown, next, prepare) {
  const open = [...shown.querySelectorAll("details[open]")].map((details) => details.id);
  const keys = new Set(rowsOf(shown).map((row) => row.dataset.key));
  for (const id of open) next.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  for (const row of rowsOf(next)) row.classList.toggle("new", !keys.has(row.dataset.key));
  prepare(next);
  shown.replaceWith(next);
  held.delete(next.id);
}

/** Shows how many rows a newer version has that this one has not. */
function announce(shown, next, prepare) {
  const keys = new Set(rowsOf(shown).map((row) => row.dataset.key));
  const count = rowsOf(next).filter((row) => !keys.has(row.dataset.key)).length;
  let region = shown.querySelector(":scope > .news");
  if (count === 0) {
    region?.remove();
    return;
  }
  if (region === null) {
    region = document.createElement("div");
    region.className = "news";
    region.setAttribute("role", "status");
    const button = document.createElement("button");
    button.type = "button";
    button.addEventListener("click", () => {
      const newest = held.get(shown.id);
      if (newest !== undefined) replace(shown, newest, prepare);
    });
    region.append(button);
    shown.append(region);
  }
  const text = `${count} new`;
  if (region.firstChild.textContent !== text) region.firstChild.textContent = text;
}

function showHeld(prepare) {
  if (held.size === 0) return;
  const panels = [...document.querySelectorAll("[data-live]")];
  const inUse = panelsInUse(panels);
  for (const panel of panels) {
    const next = held.get(panel.id);
    if (next !== undefined && !inUse.has(panel)) replace(panel, next, prepare);
  }
}

/** Takes the panels of a newer document. */
export function updatePanels(newer, prepare) {
  const panels = [...document.querySelectorAll("[data-live]")];
  const inUse = panelsInUse(panels);
  for (const shown of panels) {
    const next = newer.getElementById(shown.id);
    if (next === null) continue;
    if (!inUse.has(shown)) {
      replace(shown, next, prepare);
      continue;
    }
    held.set(shown.id, next);
    announce(shown, next, prepare);
  }
}

/** Shows what was held back once its panel is not in use. */
export function watchUse(prepare) {
  let timer;
  const soon = () => {
    clearTimeout(timer);
    // A pointer that crosses a gap between two rows is still in use.
    timer = setTimeout(() => showHeld(prepare), 300);
  };
  for (const event of ["pointerover", "focusout", "selectionchange", "toggle"]) {
    document.addEventListener(event, soon, true);
  }
  document.documentElement.addEventListener("pointerleave", soon);
}
