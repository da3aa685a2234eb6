// A file field that files can be dropped upon; without this it is a file field like any other.
for (const place of document.querySelectorAll("[data-drop-file]")) {
  const input = place.querySelector('input[type="file"]');
  const mark = (over) => place.classList.toggle("is-over", over);
  place.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  place.addEventListener("dragleave", () => mark(false));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
    input.focus();
  });
}
