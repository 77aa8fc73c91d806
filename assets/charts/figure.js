// A figure: its drawing, and the buttons beside it.

import { init } from "./echarts.js";
import { charts } from "./all.js";
import { fillMeasures } from "./measures.js";
import { optionOf } from "./option.js";
import { readPalette } from "./palette.js";
import { savePng } from "./png.js";

/** Figure → its drawing. */
const drawn = new Map();

/** Draw every figure in `root` that is not drawn yet. */
export function mountAll(root) {
  const inside = [...root.querySelectorAll("figure[data-chart]")];
  const self = root.matches?.("figure[data-chart]") ? [root] : [];
  for (const figure of [...self, ...inside]) {
    if (!drawn.has(figure) && charts[figure.dataset.chart]) mount(figure);
  }
}

/** Draw all figures again: the theme or the size has changed. */
export function refresh() {
  for (const { draw } of drawn.values()) draw();
}

/** Let go of figures that have left the page. */
export function sweep() {
  for (const [figure, { chart, sizes }] of drawn) {
    if (figure.isConnected) continue;
    sizes.disconnect();
    chart.dispose();
    drawn.delete(figure);
  }
}

function mount(figure) {
  const canvas = figure.querySelector(".chart-canvas");
  const data = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
  fillMeasures(figure.querySelector("select[data-measure]"), data.measures);
  const chart = init(canvas, null, { renderer: "svg" });

  const draw = () => {
    // A figure in a closed drawer has no size; the observer comes back when it opens.
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width || !height) return;
    const palette = readPalette(canvas);
    chart.resize({ width, height, silent: true });
    chart.setOption(optionOf(figure, { data, palette, width, height}), { notMerge: true });
  };

  let known = "";
  const sizes = new ResizeObserver(() => {
    const size = `${canvas.clientWidth}×${canvas.clientHeight}`;
    if (size !== known) draw();
    known = size;
  });
  sizes.observe(canvas);
  drawn.set(figure, { chart, sizes, draw });

  // ECharts shows a hand over everything; here it is for what leads somewhere.
  chart.on("mousemove", ({ data: item }) => chart.getZr().setCursorStyle(item?.url ? "pointer" : "default"));
  chart.on("click", ({ data: item, event }) => item?.url && follow(item.url, event?.event));
  figure.querySelector("select[data-measure]")?.addEventListener("change", draw);
  figure.querySelector("button[data-table]")?.addEventListener("click", toggleTable);
  figure.querySelector("button[data-png]")?.addEventListener("click", () => savePng(figure, data));
}

function follow(url, pointer) {
  if (pointer?.ctrlKey || pointer?.metaKey || pointer?.shiftKey) window.open(url, "_blank", "noopener");
  else location.assign(url);
}

function toggleTable({ currentTarget: button }) {
  const table = document.getElementById(button.getAttribute("aria-controls"));
  const opens = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(opens));
  // The style sheet hides tables before this script runs, so that nothing jumps.
  table.toggleAttribute("data-open", opens);
}
