// What a term means, beside its link: while the pointer is on either of them, or the keyboard on the
// link. Escape closes it (WCAG 1.4.13). On a touch screen the first tap shows it, the second follows.
const PAUSE = 250; // ms: time to get from the link to the note, or to pass over a link
const GAP = 6; // px between a link and its note
let shown = null; // { link, note }
let timer = 0;

const noteOf = (link) => document.getElementById(link.getAttribute("aria-describedby"));

function place(link, note) {
  // A link may be broken over two lines; its note stands at the line where the link begins.
  const line = link.getClientRects()[0];
  const { width, height } = note.getBoundingClientRect();
  const left = Math.min(line.left, document.body.clientWidth - width - GAP);
  const below = line.bottom + GAP + height <= innerHeight;
  note.style.left = `${Math.max(GAP, left)}px`;
  note.style.top = `${below ? line.bottom + GAP : Math.max(GAP, line.top - GAP - height)}px`;
}

function show(link) {
  clearTimeout(timer);
  if (shown?.link === link) return;
  hide();
  const note = noteOf(link);
  if (!note?.showPopover) return;
  note.showPopover();
  place(link, note);
  shown = { link, note };
}

function hide() {
  clearTimeout(timer);
  if (shown?.note.matches(":popover-open")) shown.note.hidePopover();
  shown = null;
}

function later(action) {
  clearTimeout(timer);
  timer = setTimeout(action, PAUSE);
}

for (const link of document.querySelectorAll("a.term")) {
  link.addEventListener("pointerenter", (event) => {
    if (event.pointerType !== "touch") later(() => show(link));
  });
  link.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "touch" && document.activeElement !== link) later(hide);
  });
  link.addEventListener("focus", () => {
    if (link.matches(":focus-visible")) show(link);
  });
  link.addEventListener("blur", hide);
  link.addEventListener("click", (event) => {
    if (event.pointerType !== "touch" || shown?.link === link) return;
    event.preventDefault();
    show(link);
  });
}

for (const note of document.querySelectorAll(".term-note")) {
  note.addEventListener("pointerenter", () => clearTimeout(timer));
  note.addEventListener("pointerleave", () => {
    if (document.activeElement !== shown?.link) later(hide);
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hide();
});
document.addEventListener("pointerdown", (event) => {
  if (shown && !event.target.closest("a.term, .term-note")) hide();
});
addEventListener("resize", hide);
addEventListener("scroll", () => shown && place(shown.link, shown.note), { passive: true });
