// What is expected when. A date is as wide as it is exact: a month is a month wide, a year a year.

import { hatch } from "./palette.js";
import { label, legend, line, picture, rect } from "./picture.js";
import { measure, widest, wrap } from "./text.js";
import { dayNumber, ticks, timeScale } from "./time.js";

const NARROW = 560;
const AXIS = 22;
// Rows closer than this cannot be read; what does not fit is counted and stands in the table.
const CLOSEST = 17;

/** @param {{data: object, palette: object, width: number, height: number, lang: string}} view */
export function timeline({ data, palette, width, height, lang }) {
  if (!data.items.length) return { series: [] };
  const { font } = palette;
  const narrow = width < NARROW;
  const measured = (text, size) => measure(text, size, font);
  const key = legend(kinds(data, palette), 0, 0, width, palette, measured);
  const top = key.height + AXIS;
  const shown = data.items.slice(0, Math.max(1, Math.floor((height - top) / (narrow ? CLOSEST * 1.6 : CLOSEST))));
  const more = data.items.length - shown.length;
  const row = Math.min(38, (height - top - (more ? 16 : 0)) / shown.length);
  const left = narrow ? 0 : Math.min(widest(shown.map((item) => item.label), 12, font) + 14, width * 0.4);
  const dueWidth = Math.min(widest(shown.map(({ due }) => due), 11, font) + 8, width * (narrow ? 0.45 : 0.2));
  const right = width - (narrow ? 8 : dueWidth + 14);
  const scale = timeScale(data.items, data.today, left, right);
  const frame = { left, right, top, bottom: top + row * shown.length, width, row, narrow, dueWidth };
  const items = shown.map((item, at) => drawItem(item, { ...frame, y: top + at * row }, scale, palette));
  const rest = more ? [label(left, frame.bottom + 9, `+ ${more} …`, { size: 11, fill: palette.ink2, font })] : [];
  return {
    series: [picture([key.item, { children: [...axis(data, scale, frame, palette, lang), ...rest] }, ...items])],
  };
}

/** How an item looks: past without a known result is unknown, hence hatched. */
function lookOf({ late, kind, inferred }, palette) {
  const edge = kind === "target" ? palette.accent : palette.ramp4;
  const dash = inferred ? [4, 3] : null;
  if (late) return { fill: palette.paper, decal: hatch(palette), stroke: inferred ? edge : palette.ink2, lineDash: dash };
  return inferred ? { fill: palette.paper, stroke: edge, lineDash: dash } : { fill: edge, stroke: edge };
}

/** The legend: each state that occurs, and "inferred" where something is. */
function kinds(data, palette) {
  // A state of projects and targets alike is shown by its first item.
  const states = new Map(data.items.toReversed().map((item) => [item.state, item]));
  const entries = [...states].map(([name, item]) => ({
    name,
    ...lookOf({ ...item, inferred: false }, palette),
    mark: item.kind === "target" ? palette.accent : undefined,
  }));
  if (data.items.some(({ inferred }) => inferred)) {
    entries.push({ name: data.inferred, fill: palette.paper, stroke: palette.ramp4, dashed: true });
  }
  return entries;
}

function drawItem(item, frame, scale, palette) {
  const { font, ink, ink2, accent } = palette;
  const { y, row, narrow, left, dueWidth } = frame;
  const [start, end] = [scale.at(dayNumber(item.first)), scale.at(dayNumber(item.last) + 1)];
  const tall = Math.max(6, Math.min(12, row * (narrow ? 0.34 : 0.5)));
  const middle = narrow ? y + row * 0.76 : y + row / 2;
  // A day in a span of years would be thinner than can be seen.
  const wide = Math.max(4, end - start);
  const from = Math.min(start, frame.right - wide);
  const emphasis = { style: { stroke: ink, lineWidth: 1.5, lineDash: null } };
  const children = [
    rect(0, y, frame.width, row, { fill: "transparent" }),
    rect(from, middle - tall / 2, wide, tall, { ...lookOf(item, palette), lineWidth: 1 }, { r: 2, emphasis }),
  ];
  // The promise of a target is the end of its time: the same line as in the bullets.
  if (item.kind === "target") children.push(line(from + wide, middle - tall / 2 - 3, from + wide, middle + tall / 2 + 3, { stroke: accent, lineWidth: 3 }));
  const dueStyle = { size: 11, fill: item.late ? accent : ink2, align: "right", width: dueWidth, lineHeight: 13, font };
  if (narrow) {
    // The lines of the scale pass behind the words.
    const halo = { halo: palette.paper, font };
    const edge = frame.right - 5;
    const wide = Math.min(dueWidth, measure(item.due, 11, font));
    children.push(label(0, y + row * 0.3, item.label, { ...halo, size: 11, fill: ink, width: edge - wide - 10 }));
    children.push(label(edge, y + row * 0.3, item.due, { ...dueStyle, ...halo }));
  } else {
    children.push(label(left - 12, middle, item.label, { size: 12, fill: ink, align: "right", width: left - 14, font }));
    const lines = wrap(item.due, dueWidth - 6, 11, font);
    const due = lines.length * 12 <= row ? lines.join("\n") : item.due;
    children.push(label(frame.width, middle, due, dueStyle));
  }
  return { children, tip: `${item.label}\n${item.due}\n${item.state}`, url: item.url, key: item.label };
}

/** Years and months above the rows; the name of today goes before those it would cover. */
function axis({ todayLabel }, scale, { left, right, top, bottom }, palette, lang) {
  const { font, ink, ink2, accent } = palette;
  const { x, beyond } = scale.today;
  const arrowed = { left: `← ${todayLabel}`, right: `${todayLabel} →`, "": todayLabel }[beyond];
  const half = measure(arrowed, 11, font, 600) / 2;
  const now = Math.min(Math.max(x, left + half), right - half);
  const shapes = [label(now, top - 9, arrowed, { size: 11, weight: 600, fill: accent, align: "center", font })];
  let free = 0;
  for (const { day, name, year } of ticks(scale.from, scale.to, right - left, lang)) {
    const tick = scale.at(day);
    shapes.push(line(tick, top, tick, bottom, { stroke: palette.line }));
    const room = measure(name, 11, font, 600) / 2;
    const at = Math.min(Math.max(tick, room), right - room);
    if (Math.abs(at - now) < room + half + 6 || at - room < free - 0.5) continue;
    free = at + room + 8;
    shapes.push(label(at, top - 9, name, { size: 11, weight: year ? 600 : 400, fill: year ? ink : ink2, align: "center", font }));
  }
  shapes.push(line(x, top - 1, x, bottom, { stroke: accent, lineWidth: 1.5 }));
  return shapes;
}
