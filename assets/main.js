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

// Empty fields stay out of the address, so that a link says only what was asked.
const tidy = (parameters) => {
  for (const [name, value] of [...parameters.entries()]) {
    if (value === "") parameters.delete(name, value);
  }
};
document.addEventListener("formdata", (event) => tidy(event.formData));
document.addEventListener("htmx:configRequest", (event) => {
  const parameters = event.detail.formData ?? event.detail.parameters;
  for (const name of Object.keys(event.detail.parameters)) {
    if (event.detail.parameters[name] === "") {
      if (parameters instanceof FormData) parameters.delete(name);
      else delete parameters[name];
    }
  }
});


// A button for paper; without scripting it is not shown, and the browser's own does the same.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// On a phone the list comes before the choices: facets in which nothing is chosen start closed.
const narrow = window.matchMedia("(max-width: 62rem)");
const fold = () => {
  if (!narrow.matches) return;
  for (const facet of document.querySelectorAll(".facet[open]:not(:has(.chosen))")) facet.open = false;
};
fold();
document.addEventListener("htmx:afterSettle", fold);
