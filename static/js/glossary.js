// The glossary's filter: shows only the terms that hold what was typed.
const field = document.getElementById("glossary-filter");
const count = document.getElementById("glossary-count");
const groups = [...document.querySelectorAll(".glossary-group")];
const letters = document.querySelector(".letters");

// Full and half width, capitals, katakana and hiragana are the same to a reader who searches.
const folded = (text) =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\u30a1-\u30f6]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60));

const terms = groups.flatMap((group) =>
  [...group.querySelectorAll(".glossary-term")].map((element) => {
    const said = element.querySelector("dt").textContent + " " + element.querySelector("dd > p").textContent;
    return { element, text: folded(said) };
  }),
);

function filter() {
  const words = folded(field.value).split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { element, text } of terms) {
    element.hidden = !words.every((word) => text.includes(word));
    if (!element.hidden) shown += 1;
  }
  for (const group of groups) group.hidden = !group.querySelector(".glossary-term:not([hidden])");
  letters.hidden = words.length > 0;
  const { one, many, none } = count.dataset;
  count.textContent = shown === 0 ? none : shown === 1 ? one : many.replace("{count}", shown);
}

field.addEventListener("input", filter);
if (field.value) filter(); // the browser remembered it

// A link to a term shows it, whatever the filter hides.
addEventListener("hashchange", () => {
  const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!wanted?.closest("[hidden]")) return;
  field.value = "";
  filter();
  wanted.scrollIntoView();
});
