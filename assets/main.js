// What the pages gain with scripting. Everything works without it.

const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

// "/" goes to the search field, as on every list people know.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const search = document.querySelector("[data-search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// Empty fields and the usual columns stay out of the address, so that a link says only what was asked.
const tidy = (data, form) => {
  for (const [name, value] of [...data.entries()]) if (value === "") data.delete(name);
  const usual = form.dataset?.columns?.trim();
  if (usual && data.getAll("columns").join(" ") === usual) data.delete("columns");
};
document.addEventListener("formdata", (event) => tidy(event.formData, event.target));
document.addEventListener("htmx:configRequest", ({ detail }) => tidy(detail.formData, detail.elt));

// A button for paper; without scripting it is not shown, and the browser's own does the same.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// On a phone the list comes before the choices: facets in which nothing is chosen start closed,
// and close when a window becomes as narrow.
const narrow = window.matchMedia("(max-width: 62rem)");
const closeFacets = () => {
  if (!narrow.matches) return;
  for (const facet of document.querySelectorAll(".facet[open]:not(:has(.chosen))")) facet.open = false;
};
closeFacets();
narrow.addEventListener("change", closeFacets);

// New results bring new facets; those that the reader opened or scrolled stay so, and the focus too.
let before = null;
document.addEventListener("htmx:beforeSwap", () => {
  const facets = [...document.querySelectorAll(".facet")].map((facet) => ({
    id: facet.id,
    open: facet.open,
    scrolled: facet.querySelector(".facet-choices").scrollTop,
  }));
  before = { facets, active: document.activeElement?.id };
});
document.addEventListener("htmx:afterSwap", () => {
  for (const { id, open, scrolled } of before?.facets ?? []) {
    const facet = document.getElementById(id);
    if (!facet) continue;
    facet.open = open;
    facet.querySelector(".facet-choices").scrollTop = scrolled;
  }
  const active = before?.active && document.getElementById(before.active);
  if (active && active !== document.activeElement) active.focus({ preventScroll: true });
});

// What was typed while results were on their way is asked for as soon as they are here.
document.addEventListener("htmx:afterSettle", (event) => {
  const search = document.querySelector("#filters #q");
  if (!search || event.detail.xhr?.status !== 200) return;
  const asked = new URLSearchParams(window.location.search).get("q") ?? "";
  if (search.value !== asked) window.htmx.trigger(search.form, "submit");
});
