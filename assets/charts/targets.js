// Targets as bullets. Every row has its own scale: the carmine lines of the promises stand below
// each other, and a bar says how much of its own promise is known to be there.

import { hatch, mix } from "./palette.js";
import { label, line, picture, rect } from "./picture.js";
import { measure } from "./text.js";

const NARROW = 560;
// Where the promise stands on the track; the rest is room for more than was promised.
const PROMISE = 0.9;
const THICK = 10;

/** @param {{data: {targets: object[]}, palette: object, width: number, height: number}} view */
export function targets({ data, palette, width, height }) {
  const row = Math.min(68, height / Math.max(1, data.targets.length));
  const items = data.targets.flatMap((target, at) => {
    const place = width < NARROW ? stacked(width, at * row, row) : beside(width, at * row, row);
    return drawRow(target, place, palette, at ? width : 0);
  });
  return { series: [picture(items)] };
}

/** Label, track and state beside each other. */
function beside(width, top, row) {
  const middle = top + row / 2;
  const [from, to] = [width * 0.35, width * 0.62];
  const lineGap = Math.min(9, row / 5);
  return {
    top, row, track: { from, to, y: middle },
    name: { x: 0, y: middle - lineGap, width: from - 16 },
    // A long name or date takes a second line.
    indicator: { x: 0, y: middle + lineGap - 7, width: from - 16, baseline: "top", wraps: true },
    promised: { x: width, y: middle - lineGap, width: width - to - 12 },
    state: { x: width, y: middle + lineGap - 7, width: width - to - 12, align: "right", baseline: "top", wraps: true },
  };
}

/** Label above, track and state below, for a phone. */
function stacked(width, top, row) {
  return {
    top, row, track: { from: 0, to: width, y: top + row * 0.6 },
    name: { x: 0, y: top + row * 0.16, width: width * 0.5 },
    indicator: { x: 0, y: top + row * 0.38, width },
    promised: { x: width, y: top + row * 0.16, width: width * 0.48 },
    state: { x: 0, y: top + row * 0.85, width, align: "left" },
  };
}

function drawRow(target, place, palette, ruleWidth) {
  const { font, ink, ink2, accent } = palette;
  const { from, to, y } = place.track;
  const promise = from + (to - from) * PROMISE;
  const scale = promise - from;
  const [tall, upper] = [THICK + 8, y - THICK / 2];
  const bar = (start, end, style) => rect(start, upper, end - start, THICK, style, { r: 1 });
  const shapes = [];
  if (ruleWidth) shapes.push(line(0, place.top + 0.5, ruleWidth, place.top + 0.5, { stroke: palette.line }));
  // A reading leaves a rest that is known not to be there yet; without one all of it is unknown.
  const rest = target.share === null ? { fill: palette.paper, decal: hatch(palette, "strong") } : { fill: mix(palette.line, palette.paper, 0.3) };
  shapes.push(bar(from, promise, { ...rest, stroke: palette.line }));
  if (target.share !== null) {
    shapes.push(bar(from, Math.min(from + scale * target.share, to), { fill: palette.ramp4 }));
    // More than the track can hold: the bar ends in a point.
    if (target.share > 1 / PROMISE) {
      shapes.push(label(to, y, "›", { size: 16, weight: 700, fill: palette.paper, align: "right", font }));
    }
  }
  if (target.baseline !== null) {
    const at = from + scale * Math.min(target.baseline, 1 / PROMISE);
    shapes.push(line(at, y - tall / 2, at, y + tall / 2, { stroke: ink, lineWidth: 2 }));
  }
  shapes.push(line(promise, y - tall / 2, promise, y + tall / 2, { stroke: accent, lineWidth: 3 }));

  const state = [target.stateLabel, ...(target.due === target.stateLabel ? [] : [target.due])].join(" · ");
  const mark = target.paragraph ? measure(target.paragraph, 10, font) + 5 : 0;
  const right = { align: "right", font };
  shapes.push(
    label(place.name.x, place.name.y, target.district, { ...place.name, size: 13, weight: 600, fill: ink, font }),
    label(place.indicator.x, place.indicator.y, target.label, { ...place.indicator, size: 11, fill: ink2, font }),
    label(place.promised.x - mark, place.promised.y, target.promised, { ...right, width: place.promised.width - mark, size: 13, weight: 600, fill: ink }),
    label(place.state.x, place.state.y, state, {
      ...right, ...place.state, size: 11, fill: target.state === "missed" ? accent : ink2,
    }),
  );
  const area = rect(0, place.top, place.promised.x, place.row, { fill: "transparent" });
  const tip = [`${target.district} · ${target.label}`, target.promised, target.known, state].filter(Boolean).join("\n");
  const rows = [{ children: [area, ...shapes], tip, url: target.url, key: target.label }];
  if (mark) {
    const source = label(place.promised.x, place.promised.y - 2, target.paragraph, { ...right, size: 10, fill: palette.ramp4 });
    rows.push({ children: [source], tip: target.paragraph, url: target.source });
  }
  return rows;
}
