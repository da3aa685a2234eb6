// On paper nothing can be unfolded: everything is, while the page is printed.
let folded = [];

addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("main .report details:not([open])")].filter(
    (element) => !element.closest(".toolbar"),
  );
  folded.forEach((element) => (element.open = true));
});

addEventListener("afterprint", () => {
  folded.forEach((element) => (element.open = false));
  folded = [];
});
