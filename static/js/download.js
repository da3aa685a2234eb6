// Saving what stands in a field as a file: <button data-download="id of the field">. The file's name
// is that of the nearest [data-file].
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-download]");
  if (!button) return;
  const field = document.getElementById(button.dataset.download);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([field.value], { type: "application/octet-stream" }));
  link.download = button.closest("[data-file]").dataset.file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});
