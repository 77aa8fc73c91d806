// One project's life as a line of steps, from the first known event down to today. Distances are
// not a scale, so every step has its date written out.

import { shades } from "./palette.js";
import { label, line, picture, rect } from "./picture.js";
import { dayNumber } from "./time.js";

const BAND = { x: 8, width: 18 };
const TEXT = 42;
const TALLEST = 48;

/** @param {{data: object, palette: object, width: number, height: number}} view */
export function history({ data, palette, width, height }) {
  const points = pointsOf(data);
  const step = Math.min(TALLEST, height / points.length);
  return { series: [picture(points.map((point, at) => draw(point, at * step, step, width, palette)))] };
}

/** Events, the date that is due, and today, in the order of time. */
function pointsOf({ events, due, today, todayLabel }) {
  const points = events.map((event) => ({ ...event, day: dayNumber(event.first), title: event.stage, below: event.when }));
  if (due) points.push({ day: dayNumber(due.last), title: due.label, below: "", mark: "due" });
  if (points.length) points.push({ day: dayNumber(today), title: todayLabel, below: today, mark: "today" });
  // The sort keeps the order of equals: events of one day stay as the server gave them.
  points.sort((one, other) => one.day - other.day);
  // The stage goes on past the marks that follow it.
  let current;
  for (const point of points) {
    if (!point.mark) current = point;
    point.goesOn = point !== points.at(-1) ? current : undefined;
  }
  return points;
}

function draw(point, y, step, width, palette) {
  const { font, ink, ink2, accent } = palette;
  const children = [rect(0, y, width, step, { fill: "transparent" }), ...band(point, y, step, palette)];
  if (point.mark) {
    const [from, to] = [BAND.x - 6, BAND.x + BAND.width + 6];
    children.push(line(from, y + 2, to, y + 2, { stroke: accent, lineWidth: point.mark === "due" ? 3 : 1.5 }));
  }
  const written = { width: width - TEXT, font };
  children.push(label(TEXT, y + 9, point.title, { ...written, size: 13, weight: 600, fill: point.mark ? accent : ink }));
  if (point.below) children.push(label(TEXT, y + 26, point.below, { ...written, size: 11, fill: ink2 }));
  return { children, tip: [point.title, point.below].filter(Boolean).join("\n") };
}

/** The stage that holds from here to the next step; what was only seen then begins open. */
function band({ mark, observed, goesOn }, y, step, palette) {
  if (!goesOn) return [];
  const [{ fill, decal, edge }] = shades([goesOn.family], palette);
  const style = { fill, decal, stroke: edge ?? "none", lineWidth: 1 };
  const strip = (top, tall, more) => rect(BAND.x, top, BAND.width, tall, { ...style, ...more }, { r: 1 });
  const outline = goesOn.inferred ? { stroke: palette.ink, lineDash: [4, 3] } : {};
  if (mark || !observed) return [strip(y, step - 2, outline)];
  return [strip(y, 2.5, {}), strip(y + 5, 3.5, {}), strip(y + 11.5, step - 13.5, outline)];
}
