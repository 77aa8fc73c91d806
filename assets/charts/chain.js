// The chain as a matrix. A wide figure has the segments in columns, in the order in which
// material flows; a narrow one has them in rows.

import { HEAVY, chainGrid } from "./chain_grid.js";
import { hatch, readable, shades } from "./palette.js";
import { label, legend, line, picture, rect } from "./picture.js";
import { measure, wrap } from "./text.js";

/** @param {{data: object, palette: object, width: number, height: number}} view */
export function chain({ data, palette, width, height }) {
  if (!data.segments.length) return { series: [] };
  const entries = [
    ...data.families.map(({ family, name }) => ({ name, ...lookOf(family, palette) })),
    { name: data.nobody, ...lookOf(null, palette) },
  ];
  const measured = (text, size) => measure(text, size, palette.font);
  const key = legend(entries, 0, 0, width, palette, measured);
  const grid = chainGrid(data, width, key.height + 12, height, palette.font);
  const cells = data.cells.map((cell) => drawCell(cell, data, grid, palette));
  return { series: [picture([key.item, { children: heads(data, grid, palette) }, ...cells])] };
}

function lookOf(family, palette) {
  if (!family) return { fill: palette.paper, decal: hatch(palette, "quiet"), stroke: palette.line };
  const { fill, text } = palette.families[family];
  const [{ edge }] = shades([family], palette);
  return { fill, text: readable(fill, text, palette.ink, palette.paper), stroke: family === "unknown" ? palette.ink2 : (edge ?? "none") };
}

function drawCell(cell, data, grid, palette) {
  const { x, y, width, height } = grid.cell(cell.segment, cell.district);
  const look = lookOf(cell.family, palette);
  const style = { fill: look.fill, decal: look.decal, stroke: look.stroke, lineWidth: 1 };
  const emphasis = { style: { stroke: palette.ink, lineWidth: 2 } };
  const children = [rect(x, y, width, height, style, { r: 2, emphasis })];
  const text = written(cell, width, height, palette.font);
  if (text.length) {
    children.push(
      label(x + width / 2, y + height / 2, text.join("\n"), {
        size: 11, fill: look.text, align: "center", lineHeight: 13, font: palette.font,
      }),
    );
  }
  const tip = `${data.districts[cell.district]} · ${data.segments[cell.segment].name}\n${cell.text}`;
  return { children, tip, url: cell.url, key: `${cell.segment}-${cell.district}` };
}

/** All of it, or the short text in one line or two, or the number of projects where it does not fit. */
function written({ short, text, count }, width, height, font) {
  if (!short) return [];
  // A figure stays whole and its unit too: `18 万吨` breaks between them before anywhere else.
  const ways = [[text], [short], short.split(" "), wrap(short, width - 4, 11, font)];
  const fits = (lines) => lines.length * 13 <= height - 1 && lines.every((part) => measure(part, 11, font) <= width - 4);
  return ways.find(fits) ?? [String(count)];
}

/** The streams in brackets, the segments and the districts; a segment that nobody does stands out. */
function heads(data, grid, palette) {
  const { font, ink, ink2 } = palette;
  const taken = new Set(data.cells.filter(({ count }) => count).map(({ segment }) => segment));
  const streams = grid.streams.flatMap(({ name, at, from, to, text }) => {
    const style = { size: 11, fill: ink2, align: "center", lineHeight: 13, font, ...text };
    const bracket = { stroke: ink2 };
    const spans = grid.upright
      ? [line(at, from, at, to, bracket), line(at, from, at + 4, from, bracket), line(at, to, at + 4, to, bracket)]
      : [line(from, at, to, at, bracket), line(from, at, from, at + 4, bracket), line(to, at, to, at + 4, bracket)];
    return [label(text.x, text.y, name, style), ...spans];
  });
  const segments = data.segments.map(({ name }, at) => {
    const empty = !taken.has(at);
    const style = { size: 11, fill: empty ? palette.accent : ink, weight: empty ? HEAVY : 400, font };
    const { x, y, ...place } = grid.segment(at);
    return label(x, y, name, { ...style, ...place });
  });
  const districts = data.districts.map((name, at) => {
    const { x, y, ...place } = grid.district(at);
    return label(x, y, name, { size: 12, fill: ink, font, ...place });
  });
  return [...streams, ...segments, ...districts];
}
