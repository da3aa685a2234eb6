// Small comforts. Every page works without this file.
const root = document.documentElement;

// --- light, dark, or as the device has it ------------------------------------------------------
const NEXT = { auto: "light", light: "dark", dark: "auto" };

function showTheme(button) {
  const theme = root.dataset.theme ?? "auto";
  const label = button.dataset[theme];
  button.querySelector("[data-theme-label]").textContent = label;
  button.title = label;
}

for (const button of document.querySelectorAll("[data-theme-switch]")) {
  showTheme(button);
  button.addEventListener("click", () => {
    const theme = NEXT[root.dataset.theme ?? "auto"];
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // The choice then lasts for this page only.
    }
    showTheme(button);
  });
}

// --- notices and copying ------------------------------------------------------------------------
async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Without clipboard access (plain HTTP) the link stands selected, ready for Ctrl+C.
    field.focus();
    field.select();
    return;
  }
  const label = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => (button.textContent = label), 2000);
}

document.addEventListener("click", (event) => {
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) {
    dismiss.closest("[data-notice]").remove();
    document.getElementById("content").focus();
  }
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

// --- streamed parts -------------------------------------------------------------------------------
// A part that arrives anew replaces the old one: what the reader had opened or closed stays so, and
// the keyboard stays where it was.
const kept = new WeakMap();
const keyed = (target) => [...target.querySelectorAll("details[data-key]")];

document.addEventListener("htmx:sseBeforeMessage", ({ target }) => {
  const focused = document.activeElement.closest("summary, a, button");
  const details = target.contains(focused) && focused.closest("details[data-key]");
  kept.set(target, {
    toggled: new Map(keyed(target).map((element) => [element.dataset.key, element.open])),
    key: details ? details.dataset.key : null,
  });
});

document.addEventListener("htmx:sseMessage", ({ target }) => {
  const { toggled, key } = kept.get(target);
  for (const element of keyed(target)) {
    if (toggled.has(element.dataset.key)) element.open = toggled.get(element.dataset.key);
    if (element.dataset.key === key) element.querySelector("summary").focus({ preventScroll: true });
  }
});

// A lost connection is said, and taken back when the page hears again.
const say = (hidden) =>
  document.querySelectorAll("[data-connection-lost]").forEach((note) => (note.hidden = hidden));
document.addEventListener("htmx:sseError", () => say(false));
document.addEventListener("htmx:sseOpen", () => say(true));
document.addEventListener("htmx:sseClose", () => say(true));
