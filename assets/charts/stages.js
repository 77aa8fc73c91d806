// Stacked bars: how far the projects of each district are.

import { bars, categoryAxis, legendOf, stackLabel, valueAxis } from "./bars.js";
import { shades } from "./palette.js";
import { widest } from "./text.js";

/** @param {{data: {districts: string[], series: object[]}, palette: object, width: number}} view */
export function stages({ data, palette, width }) {
  const looks = shades(data.series.map(({ family }) => family), palette);
  const totals = data.districts.map((_, at) => data.series.reduce((sum, { values }) => sum + values[at], 0));
  const names = legendOf(data.series.map(({ name }) => name), width, palette);
  const left = widest(data.districts, 12, palette.font) + 12;
  const most = Math.max(1, ...totals);
  const perProject = (width - left - 30) / most;
  return {
    legend: names.legend,
    grid: { left, right: 30, top: names.height + 4, bottom: 4 },
    xAxis: valueAxis({ max: most }),
    yAxis: categoryAxis(data.districts, palette),
    series: [
      ...data.series.map(({ name, values, urls }, at) =>
        bars({
          name,
          look: looks[at],
          palette,
          stack: "stages",
          data: values.map((value, row) => ({
            value: value || null,
            url: value ? urls[row] : undefined,
            tip: `${data.districts[row]} · ${name}\n${value}`,
            label: { formatter: stackLabel(name, value, value * perProject, palette) },
          })),
        }),
      ),
      total(totals, palette),
    ],
  };
}

/** The sum at the end of each bar; an empty bar says 0. */
function total(totals, palette) {
  return {
    type: "bar",
    stack: "stages",
    silent: true,
    legendHoverLink: false,
    data: totals.map((value) => ({
      value: 0,
      label: { show: true, position: "right", formatter: String(value), color: palette.ink, fontWeight: 600 },
    })),
  };
}
