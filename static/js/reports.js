// Files may be dropped onto the field, and those that are chosen are listed. The form works without.
const zone = document.querySelector("[data-drop]");
const input = zone.querySelector("input[type=file]");
const list = zone.querySelector("[data-chosen]");

function show() {
  const items = [...input.files].map((file) => {
    const item = document.createElement("li");
    item.textContent = `${file.name} (${Math.max(1, Math.round(file.size / 1000))} kB)`;
    return item;
  });
  list.replaceChildren(...(items.length > 1 ? items : []));
}

input.addEventListener("change", show);

for (const name of ["dragenter", "dragover"]) {
  zone.addEventListener(name, (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    zone.classList.add("is-over");
  });
}

zone.addEventListener("dragleave", (event) => {
  if (!zone.contains(event.relatedTarget)) zone.classList.remove("is-over");
});

zone.addEventListener("drop", (event) => {
  zone.classList.remove("is-over");
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  input.files = event.dataTransfer.files;
  show();
});
