// Rows come and go without loading the page; without this file the same buttons ask the server.
const form = document.querySelector("[data-own-zone]");
const body = form.querySelector(".own-rows tbody");
let changed = false;

// Each row's ids, labels and button carry its number, which must go on without gaps.
const FIELDS = ["name", "ttl", "type", "data"];

function renumber() {
  [...body.rows].forEach((row, index) => {
    const number = index + 1;
    for (const field of FIELDS) {
      const input = row.querySelector(`[name="${field}"]`);
      input.id = `${field}-${number}`;
      input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+/, number));
    }
    const button = row.querySelector("button");
    button.value = `remove-${number}`;
    button.setAttribute("aria-label", button.getAttribute("aria-label").replace(/\d+/, number));
  });
}

function addRow() {
  const row = body.rows[body.rows.length - 1].cloneNode(true);
  row.querySelector(".field-error")?.remove();
  for (const field of FIELDS) {
    const input = row.querySelector(`[name="${field}"]`);
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
    if (field === "name" || field === "data") input.value = "";
  }
  body.append(row);
  renumber();
  row.querySelector("input").focus();
}

function removeRow(row) {
  const neighbour = row.nextElementSibling ?? row.previousElementSibling;
  if (!neighbour) return addRow(), removeRow(row);
  row.remove();
  renumber();
  neighbour.querySelector("input").focus();
}

form.addEventListener("input", () => (changed = true));
form.addEventListener("submit", () => (changed = false));
form.addEventListener("click", (event) => {
  const button = event.target.closest('button[name="do"]');
  if (!body || !button) return;
  if (button.value === "add") addRow();
  else if (button.value.startsWith("remove-")) removeRow(button.closest("tr"));
  else return;
  event.preventDefault();
  changed = true;
});

// What was typed and not saved is not lost by a click elsewhere.
addEventListener("beforeunload", (event) => {
  if (changed) event.preventDefault();
});
