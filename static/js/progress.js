// Which articles are done. Signed out, this browser keeps it: a list of slugs under "progress".
// Signed in, the account does, the server draws the marks, and the list is handed over once.
const KEY = "progress";
const MERGED = "progress-merged"; // what was handed over, for whoever takes it back
const APART = "progress-apart"; // it was taken back: leave it here until the next sign-in

function read(key = KEY) {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? "[]");
    return new Set(Array.isArray(kept) ? kept.filter((slug) => /^[a-z0-9-]{1,80}$/.test(slug)) : []);
  } catch {
    return new Set(); // storage is forbidden, or holds what this page did not write
  }
}

// --- signed out -----------------------------------------------------------------------------------
const article = () => document.querySelector("[data-article]");

function show() {
  const done = read();
  for (const mark of document.querySelectorAll("[data-done-slug]")) {
    mark.hidden = !done.has(mark.dataset.doneSlug);
  }
  for (const way of document.querySelectorAll("[data-way]")) {
    const count = way.dataset.way.split(" ").filter((slug) => done.has(slug)).length;
    way.querySelector("progress").value = count;
    way.querySelector("[data-way-count]").textContent = count;
  }
  const box = article();
  if (box) {
    const isDone = done.has(box.dataset.article);
    box.querySelector("[data-mark]").hidden = isDone;
    box.querySelector("[data-marked]").hidden = !isDone;
    box.querySelector("[data-unmark]").hidden = !isDone;
  }
  const track = document.querySelector("[data-track]");
  if (track) showNext(track, done);
}

function showNext(track, done) {
  const items = [...document.querySelectorAll(".reading li")];
  const slug = (item) => item.querySelector("[data-done-slug]").dataset.doneSlug;
  const open = items.filter((item) => !done.has(slug(item)));
  track.querySelector("[data-track-next]").hidden = !open.length;
  track.querySelector("[data-track-all]").hidden = open.length > 0;
  track.querySelector("[data-track-begin]").hidden = open.length < items.length;
  track.querySelector("[data-track-on]").hidden = open.length === items.length;
  if (open.length) {
    const link = open[0].querySelector("a");
    track.querySelector("[data-track-next] a").href = link.href;
    track.querySelector("[data-track-title]").textContent = link.textContent;
  }
}

function set(slug, isDone) {
  const done = read();
  if (isDone) done.add(slug);
  else done.delete(slug);
  let blocked = false;
  try {
    localStorage.setItem(KEY, JSON.stringify([...done]));
  } catch {
    blocked = true;
  }
  const note = document.querySelector("[data-blocked]");
  if (note) note.hidden = !blocked;
  show();
}

function keepHere() {
  try {
    localStorage.removeItem(MERGED);
    localStorage.removeItem(APART);
  } catch {
    // Nothing is kept, so nothing is left over.
  }
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-mark], [data-unmark]");
    if (!button) return;
    set(article().dataset.article, button.matches("[data-mark]"));
    article().querySelector("button:not([hidden])").focus();
  });
  // Only a quiz answered on this page counts, not the address of somebody's right answers.
  document.addEventListener("htmx:load", ({ target }) => {
    if (target.dataset?.allRight) set(target.dataset.allRight, true);
  });
  addEventListener("storage", show);
  addEventListener("pageshow", show);
  show();
}

// --- signed in ------------------------------------------------------------------------------------
async function handOver(address) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]");
  const slugs = read();
  if (!token || !slugs.size || localStorage.getItem(APART)) return;
  const body = new URLSearchParams([["csrfmiddlewaretoken", token.value], ["next", location.pathname]]);
  for (const slug of slugs) body.append("slug", slug);
  const answer = await fetch(address, { method: "POST", body }).catch(() => null);
  if (!answer?.ok) return; // the next page tries again
  localStorage.setItem(MERGED, JSON.stringify([...slugs]));
  localStorage.removeItem(KEY);
  if ((await answer.json()).added) location.reload(); // with the marks, and a notice that offers undo
}

document.addEventListener("submit", ({ target }) => {
  if (!target.matches("[data-progress-undo]")) return;
  localStorage.setItem(KEY, JSON.stringify([...read(MERGED)]));
  localStorage.setItem(APART, "1");
});

// --- both -----------------------------------------------------------------------------------------
// Out of reach, or refused: the browser sends the form itself and shows what came of it.
for (const event of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(event, ({ target }) => {
    const form = target.closest?.("#quiz form, #progress form");
    if (form) HTMLFormElement.prototype.submit.call(form);
  });
}

const merge = document.querySelector("meta[name=progress-merge]");
if (merge) handOver(merge.content);
else keepHere();
