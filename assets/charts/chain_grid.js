// Where things stand in the matrix of the chain, in px, for both ways round.

import { measure, widest, wrap } from "./text.js";

// From this width on the segments fit in columns. The style sheet knows the same limit.
const WIDE = 900;
const GAP = 2;
// Names of segments lie up to this width; longer ones stand.
const LYING = 4;
// The weight of a segment that nobody does: the widest that a name gets.
export const HEAVY = 600;

/**
 * @param {{segments: {name: string, stream: string}[], districts: string[]}} data
 * @param {number} width
 * @param {number} top where the matrix may begin
 * @param {number} height where it ends
 * @param {string} font
 */
export function chainGrid(data, width, top, height, font) {
  return width >= WIDE ? across(data, width, top, height, font) : down(data, width, top, height, font);
}

/** Neighbouring segments of one stream: `{name, first, last}`. */
function runs(segments) {
  const found = [];
  segments.forEach(({ stream }, at) => {
    if (found.at(-1)?.name === stream) found.at(-1).last = at;
    else found.push({ name: stream, first: at, last: at });
  });
  return found;
}

/** Segments in columns, districts in rows. */
function across({ segments, districts }, width, top, height, font) {
  const left = widest(districts, 12, font) + 14;
  const column = (width - left) / segments.length;
  const names = segments.map(({ name }) => name);
  const wrapped = names.map((name) => wrap(name, column - LYING, 11, font, HEAVY));
  const lies = wrapped.every((lines) => lines.length <= 2 && lines.every((text) => measure(text, 11, font, HEAVY) <= column));
  const nameHeight = lies ? 32 : Math.min(96, widest(names, 11, font, HEAVY) + 10);
  const streams = runs(segments).map((run) => {
    const [from, to] = [left + run.first * column + 1, left + (run.last + 1) * column - GAP - 1];
    return { ...run, from, to, lines: wrap(run.name, to - from, 11, font) };
  });
  const tall = 13 * Math.min(2, Math.max(1, ...streams.map(({ lines }) => lines.length)));
  const body = top + tall + 13 + nameHeight;
  const row = Math.min(44, (height - body) / districts.length);
  return {
    upright: false,
    cell: (segment, district) => ({
      x: left + segment * column, y: body + district * row, width: column - GAP, height: row - GAP,
    }),
    streams: streams.map(({ lines, from, to }) => {
      const text = { x: (from + to) / 2, y: top + tall, baseline: "bottom", width: to - from + 4 };
      return { name: lines.slice(0, 2).join("\n"), at: top + tall + 5, from, to, text };
    }),
    segment: (at) =>
      lies
        ? { x: left + (at + 0.5) * column, y: body - nameHeight / 2 - 1, align: "center", width: column - 2, wraps: true, lineHeight: 13 }
        : { x: left + (at + 0.5) * column, y: body - 6, rotation: Math.PI / 2, width: nameHeight - 8 },
    district: (at) => ({ x: left - 12, y: body + (at + 0.5) * row - 1, align: "right" }),
  };
}

/** Segments in rows, districts in columns. */
function down({ segments, districts }, width, top, height, font) {
  const strip = 34;
  const names = segments.map(({ name }) => name);
  const left = strip + Math.min(widest(names, 11, font, HEAVY) + 12, width * 0.34);
  const column = (width - left) / districts.length;
  const size = [12, 11, 10].find((px) => widest(districts, px, font) <= column);
  const lies = size !== undefined;
  const headHeight = lies ? 20 : Math.min(84, widest(districts, 12, font) + 8);
  const body = top + headHeight;
  const row = Math.min(34, (height - body) / segments.length);
  return {
    upright: true,
    cell: (segment, district) => ({
      x: left + district * column, y: body + segment * row, width: column - GAP, height: row - GAP,
    }),
    streams: runs(segments).map(({ name, first, last }) => {
      const [from, to] = [body + first * row + 1, body + (last + 1) * row - GAP - 1];
      const lines = wrap(name, to - from, 11, font).slice(0, 2);
      const text = { x: 13, y: (from + to) / 2, rotation: Math.PI / 2 };
      return { name: lines.join("\n"), at: strip - 8, from, to, text };
    }),
    segment: (at) => ({ x: strip + 2, y: body + (at + 0.5) * row - 1, width: left - strip - 8 }),
    district: (at) =>
      lies
        ? { x: left + (at + 0.5) * column - 1, y: body - 10, align: "center", size }
        : { x: left + (at + 0.5) * column - 1, y: body - 5, rotation: Math.PI / 2, width: headHeight - 6 },
  };
}
