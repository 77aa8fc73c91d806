// Capacity by segment. Segments have units of their own, so every bar is its segment's whole
// and the quantities are written out; lengths are compared within a bar, never across.

import { bars, categoryAxis, legendOf, valueAxis } from "./bars.js";
import { label, picture } from "./picture.js";
import { shades } from "./palette.js";
import { measure, widest, wrap } from "./text.js";

/** @param {{data: object, palette: object, width: number, height: number}} view */
export function capacity({ data, palette, width, height }) {
  const { font } = palette;
  const looks = shades(data.series.map(({ family }) => family), palette);
  const names = legendOf(data.series.map(({ name }) => name), width, palette);
  const left = Math.min(widest(data.segments, 12, font) + 16, width * 0.4);
  const note = data.silent ? wrap(data.silent, width, 11, font) : [];
  const room = width - left - 6;
  return {
    legend: names.legend,
    grid: { left, right: 6, top: names.height + 4, bottom: note.length * 16 + 6 },
    xAxis: valueAxis({ max: 1 }),
    yAxis: categoryAxis(data.segments, palette, { rich: { width: left - 12, overflow: "truncate" } }),
    series: [
      ...data.series.map(({ name, values, texts }, at) =>
        bars({
          name,
          look: looks[at],
          palette,
          stack: "capacity",
          data: values.map((value, row) => {
            const share = data.totals[row] ? value / data.totals[row] : 0;
            const fits = measure(texts[row], 11, font) + 8 <= share * room;
            return {
              value: share || null,
              url: value ? data.urls[row] : undefined,
              tip: `${data.segments[row]} · ${name}\n${texts[row]}`,
              label: { formatter: fits ? texts[row] : "" },
            };
          }),
        }),
      ),
      picture([
        {
          children: note.map((text, at) =>
            label(0, height - (note.length - at) * 16 + 8, text, { size: 11, fill: palette.ink2, font }),
          ),
        },
      ]),
    ],
  };
}
