// Draws the charts of a page. Everything they show is in their tables too, so a page without
// this script is complete; it only loads where a chart is.

import { mountAll, refresh, sweep } from "./charts/figure.js";

mountAll(document);

// A swap by htmx brings figures and takes figures away.
document.addEventListener("htmx:load", (event) => {
  sweep();
  mountAll(event.detail?.elt ?? document);
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
new MutationObserver(refresh).observe(document.documentElement, {
  attributes: true,
  attributeFilter: ["data-theme"],
});
