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

document.addEventListener("htmx:sseBeforeMessage", ({ target }) => {
  const active = document.activeElement;
  kept.set(target, {
    toggled: new Map(
      [...target.querySelectorAll("details[id]")].map((details) => [details.id, details.open]),
    ),
    focused: target.contains(active) ? active.closest("[id]")?.id : null,
    inSummary: active?.tagName === "SUMMARY",
  });
});

document.addEventListener("htmx:sseMessage", ({ target }) => {
  const { toggled, focused, inSummary } = kept.get(target) ?? { toggled: new Map() };
  for (const [id, open] of toggled) {
    const details = document.getElementById(id);
    if (details) details.open = open;
  }
  if (!focused || target.contains(document.activeElement)) return;
  const element = document.getElementById(focused);
  (inSummary ? element?.querySelector("summary") : element)?.focus({ preventScroll: true });
});

// A lost connection is said, and taken back when the page hears again.
const say = (hidden) =>
  document.querySelectorAll("[data-connection-lost]").forEach((note) => (note.hidden = hidden));
document.addEventListener("htmx:sseError", () => say(false));
document.addEventListener("htmx:sseOpen", () => say(true));
document.addEventListener("htmx:sseClose", () => say(true));
