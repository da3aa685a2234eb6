// A tool's form, sent by htmx: short addresses, and a result that is announced. All of it works without.
const form = document.getElementById("tool-form");

// Fields that were never filled in need not stand in the address.
form?.addEventListener("htmx:configRequest", ({ detail }) => {
  for (const field of form.elements) {
    const untouched = field.value === "" && (field.defaultValue ?? "") === "";
    if (field.name && untouched) delete detail.parameters[field.name];
  }
});

// Who asked is taken to the answer; where the result follows each letter, it is only announced.
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const result = document.getElementById("result");
  if (!form || detail.requestConfig.elt !== form) return;
  const live = document.getElementById("tool-waiting");
  if (form.dataset.live) live.querySelector("[data-done]").textContent = live.dataset.done;
  else result.focus({ preventScroll: true });
});
