// The colour scheme: applied before the page is drawn, and switched by a button that is remembered.

const THEMES = { system: "Auto", light: "Light", dark: "Dark" };
const KEY = "greylag-theme";

function apply(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

const stored = localStorage.getItem(KEY);
let theme = stored in THEMES ? stored : "system";
apply(theme);

document.addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  if (button === null) return;
  const show = () => {
    button.textContent = THEMES[theme];
    button.setAttribute("aria-label", `Colours: ${THEMES[theme]}`);
  };
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    const names = Object.keys(THEMES);
    theme = names[(names.indexOf(theme) + 1) % names.length];
    localStorage.setItem(KEY, theme);
    apply(theme);
    show();
  });
});
