// What the bar charts have in common.

import { measure } from "./text.js";

const SWATCH = 14;
const GAP = 14;
const LINE = 14;

/** A value axis that is only a scale: the numbers stand on the bars. */
export function valueAxis({ max }) {
  return { type: "value", min: 0, max, show: false };
}

/** Names on the left, the first one on top. */
export function categoryAxis(names, palette, { rich } = {}) {
  return {
    type: "category",
    data: names,
    inverse: true,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: palette.ink, fontSize: 12, margin: 10, interval: 0, ...rich },
  };
}

/** A series of bars that look like `look` and carry their text inside. */
export function bars({ name, look, palette, stack, data }) {
  return {
    type: "bar",
    name,
    stack,
    barWidth: "62%",
    barMaxWidth: 22,
    itemStyle: { color: look.fill, decal: look.decal, borderColor: look.edge ?? palette.paper, borderWidth: 1 },
    emphasis: { itemStyle: { borderColor: palette.ink, borderWidth: 1.5 } },
    label: {
      show: true,
      position: "inside",
      color: look.text,
      fontSize: 11,
      // A texture runs under the text; a halo keeps it readable.
      ...(look.decal ? { textBorderColor: palette.paper, textBorderWidth: 3 } : {}),
    },
    data,
  };
}

/** `name 3` where it fits in a bar of `room` px, else `3`, else nothing. */
export function stackLabel(name, value, room, palette) {
  if (!value) return "";
  const full = `${name} ${value}`;
  if (measure(full, 11, palette.font) + 12 <= room) return full;
  return measure(String(value), 11, palette.font) + 4 <= room ? String(value) : "";
}

/**
 * A legend above the bars, and the height of its lines.
 * @returns {{legend: object, height: number}}
 */
export function legendOf(names, width, palette) {
  let [left, rows] = [0, names.length ? 1 : 0];
  for (const name of names) {
    const wide = SWATCH + 5 + measure(name, 11, palette.font);
    // ECharts breaks a little earlier than the plain sum says.
    if (left && left + wide + 4 > width) [left, rows] = [0, rows + 1];
    left += wide + GAP;
  }
  return {
    height: rows * (LINE + GAP) - (rows ? GAP - 6 : 0),
    legend: {
      data: names,
      left: 0,
      top: 0,
      padding: 0,
      width,
      itemWidth: SWATCH,
      itemHeight: 10,
      itemGap: GAP,
      textStyle: { color: palette.ink2, fontSize: 11, lineHeight: LINE },
      inactiveColor: palette.line,
    },
  };
}
