// A chart as a picture to pass on: with its title, its date, its source and its disclaimer, so
// that it still says where it comes from when it stands in somebody's report.

import { init } from "./echarts.js";
import { optionOf } from "./option.js";
import { readLightPalette } from "./palette.js";
import { wrap } from "./text.js";

const SCALE = 2;
const MARGIN = 24;

/** Save a figure as `<file>-<date>.png`, twice as large as on the screen. */
export async function savePng(figure, data) {
  const svg = sheet(figure, data);
  const image = new Image();
  // A blob, which only a script can make: the policy need not let pages show any `data:`.
  image.src = URL.createObjectURL(new Blob([svg.text], { type: "image/svg+xml" }));
  await image.decode().finally(() => URL.revokeObjectURL(image.src));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [svg.width * SCALE, svg.height * SCALE];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${figure.dataset.file}-${figure.dataset.date}.png`;
  link.click();
  // The browser reads the address after the click returns.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The drawing with its head and foot, as SVG of `width` × `height` px. */
function sheet(figure, data) {
  const { clientWidth: wide, clientHeight: high } = figure.querySelector(".chart-canvas");
  const palette = readLightPalette();
  // On the map the measure says more than the line that asks to choose one.
  const measure = figure.querySelector("select[data-measure]")?.selectedOptions[0];
  const head = [
    ...textLines(figure.querySelector(".chart-title"), wide, 17, 700, palette.ink),
    ...textLines(measure ?? figure.querySelector(".chart-sub"), wide, 12, 400, palette.ink2),
  ];
  const foot = [`${figure.dataset.source} · ${figure.dataset.date}`, data.disclaimer ?? ""]
    .filter(Boolean)
    .flatMap((text) => lines(text, wide, 11, 400, palette.ink2, palette.font));
  const tall = (rows) => rows.reduce((sum, row) => sum + row.height, 0);
  const top = MARGIN + tall(head) + 8;
  const [width, height] = [Math.ceil(wide + 2 * MARGIN), Math.ceil(top + high + 12 + tall(foot) + MARGIN)];
  const text = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" fill="${palette.paper}"/>`,
    ...set(head, MARGIN),
    `<g transform="translate(${MARGIN} ${top})">${drawing(figure, data, palette, wide, high)}</g>`,
    ...set(foot, top + high + 12),
    "</svg>",
  ].join("");
  return { text, width, height };
}

/** The chart alone, drawn aside in the colours of paper. */
function drawing(figure, data, palette, width, height) {
  const stage = document.createElement("div");
  const chart = init(stage, null, { renderer: "svg", width, height });
  chart.setOption(optionOf(figure, { data, palette, width, height, still: true }));
  chart.getZr().flush();
  // ECharts' own renderToSVGString leaves the quotes of font names as they are.
  const svg = new XMLSerializer().serializeToString(stage.querySelector("svg"));
  chart.dispose();
  return svg;
}

function textLines(element, width, size, weight, fill) {
  return element ? lines(element.textContent.trim(), width, size, weight, fill, getComputedStyle(element).fontFamily) : [];
}

function lines(text, width, size, weight, fill, font) {
  return wrap(text, width, size, font, weight).map((line) => ({
    line, size, weight, fill, font, height: Math.round(size * 1.5),
  }));
}

function set(rows, top) {
  let y = top;
  return rows.map(({ line, size, weight, fill, font, height }) => {
    y += height;
    const attributes = { x: MARGIN, y: y - Math.round(size * 0.4), fill, "font-size": size, "font-weight": weight, "font-family": font };
    const written = Object.entries(attributes).map(([name, value]) => `${name}="${escaped(String(value))}"`);
    return `<text ${written.join(" ")}>${escaped(line)}</text>`;
  });
}

function escaped(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
