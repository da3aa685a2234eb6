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

// --- the parts of a record --------------------------------------------------------------------------
// Pointing at a part shows what it says. A record is one stop of the Tab key; the arrow keys go from
// part to part within it.
const partsOf = (record) => [...record.querySelectorAll(".anatomy-part[data-note]")];

function enliven(scope) {
  for (const record of scope.querySelectorAll(".anatomy-found .anatomy-record:not([data-live])")) {
    record.dataset.live = "";
    partsOf(record).forEach((part, index) => {
      part.tabIndex = index ? -1 : 0;
      part.setAttribute("role", "button");
      part.setAttribute("aria-description", part.title);
      part.dataset.says = part.title;
      part.removeAttribute("title");
    });
  }
}

let lit = null; // the figure in which a part is pointed at

function hush() {
  const figure = lit;
  lit = null;
  if (!figure) return;
  figure.querySelector(".anatomy-say")?.remove();
  figure.querySelectorAll(".is-pointed").forEach((part) => part.classList.remove("is-pointed"));
}

function explain(part) {
  hush();
  const figure = (lit = part.closest(".anatomy-found"));
  part.classList.add("is-pointed");
  const notes = figure.querySelector("details");
  if (notes?.open) {
    notes.querySelector(`[data-note="${part.dataset.note}"]`)?.classList.add("is-pointed");
    return;
  }
  const say = document.createElement("p");
  say.className = "anatomy-say";
  say.setAttribute("aria-hidden", "true");
  say.dataset.part = part.dataset.part;
  say.textContent = part.dataset.says;
  figure.append(say);
}

const pointedPart = (event) => event.target.closest?.(".anatomy-found .anatomy-part[data-says]");

for (const kind of ["pointerover", "focusin", "click"]) {
  document.addEventListener(kind, (event) => {
    const part = pointedPart(event);
    if (part) explain(part);
    else if (!lit?.contains(event.target)) hush();
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hush();
  const part = pointedPart(event);
  if (!part || event.altKey || event.ctrlKey || event.metaKey) return;
  const parts = partsOf(part.closest(".anatomy-record"));
  const at = parts.indexOf(part);
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: parts.length - 1 }[event.key];
  if (event.key === "Enter" || event.key === " ") explain(part);
  else if (next === undefined) return;
  event.preventDefault();
  const target = parts[next];
  if (!target) return;
  part.tabIndex = -1;
  target.tabIndex = 0;
  target.focus();
});

enliven(document);
document.addEventListener("htmx:load", ({ target }) => enliven(target.parentElement ?? target));
