// Walks through a journey one step at a time. Without this file all steps stand on the page.
const told = document.querySelector("[data-journey]");
const TYPING = "input, textarea, select, [contenteditable]";

function walk(told) {
  const list = told.querySelector(".journey-steps");
  const steps = [...list.children];
  const links = [...told.querySelectorAll(".journey-track a")];
  const buttons = [...told.querySelectorAll("[data-go]")];
  const position = told.querySelector("[data-journey-position]");
  const status = told.querySelector("[data-journey-status]");
  let here = 0;

  const fromHash = () => steps.findIndex((step) => `#${step.id}` === location.hash);

  function show(number) {
    here = number;
    steps.forEach((step, at) => (step.hidden = at !== here));
    links.forEach((link, at) => {
      if (at === here) link.setAttribute("aria-current", "step");
      else link.removeAttribute("aria-current");
    });
    position.textContent = `${here + 1} / ${steps.length}`;
    for (const button of buttons) {
      // Not `disabled`: the keyboard would lose its place.
      button.setAttribute("aria-disabled", !steps[here + Number(button.dataset.go)]);
    }
  }

  function go(number, focus) {
    if (!steps[number] || number === here) return;
    show(number);
    history.pushState(null, "", `#${steps[number].id}`);
    if (told.getBoundingClientRect().top < 0) list.scrollIntoView();
    // Whoever is led to the heading hears it there; for all others it is announced.
    if (focus) steps[number].querySelector("h3").focus({ preventScroll: true });
    else status.textContent = steps[number].dataset.label;
  }

  for (const button of buttons) {
    button.addEventListener("click", () => go(here + Number(button.dataset.go), false));
  }
  links.forEach((link, at) =>
    link.addEventListener("click", (event) => {
      event.preventDefault();
      go(at, true);
    }),
  );
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest(TYPING)) return;
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    go(here + by, false);
  });
  // Back and forward, and links to a step from elsewhere.
  for (const name of ["popstate", "hashchange"]) {
    addEventListener(name, () => show(Math.max(0, fromHash())));
  }
  // What a choice changes in the step at hand is said.
  told.addEventListener("change", () => {
    const lines = steps[here].querySelectorAll('.journey-words > [class^="if-"]');
    const seen = [...lines].filter((line) => line.checkVisibility?.() ?? true);
    status.textContent = seen.map((line) => line.textContent).join(" ");
  });

  const first = fromHash();
  show(Math.max(0, first));
  if (first >= 0) told.scrollIntoView();
}

if (told) walk(told);

// Asking takes some seconds: the button says so, and says its own word again on coming back.
const button = document.querySelector(".journey-form [data-busy]");
const label = button.textContent;
button.form.addEventListener("submit", () => (button.textContent = button.dataset.busy));
addEventListener("pageshow", () => (button.textContent = label));
