// From talk to full capacity; what stopped or is not stated stands apart below.

import { categoryAxis, valueAxis } from "./bars.js";
import { hatch, shades } from "./palette.js";
import { widest } from "./text.js";

/** @param {{data: {steps: object[]}, palette: object, width: number}} view */
export function funnel({ data, palette, width }) {
  const steps = data.steps.filter(({ apart }) => !apart);
  const apart = data.steps.filter((step) => step.apart);
  const items = [
    ...steps.map((step) => bar(step, shades([step.family], palette)[0])),
    // An empty row keeps the others at a distance.
    ...(apart.length ? [{ name: "", value: null }] : []),
    ...apart.map((step) => bar(step, { fill: palette.families[step.family]?.fill ?? palette.paper, decal: hatch(palette, "strong"), edge: palette.hatch })),
  ];
  const left = Math.min(widest(items.map(({ name }) => name), 12, palette.font) + 16, width * 0.45);
  return {
    grid: { left, right: 36, top: 2, bottom: 2 },
    xAxis: valueAxis({ max: Math.max(1, ...data.steps.map(({ value }) => value)) }),
    yAxis: {
      ...categoryAxis(items.map(({ name }) => name), palette, { rich: { width: left - 12, overflow: "truncate" } }),
      axisLine: { show: true, lineStyle: { color: palette.line } },
    },
    series: [
      {
        type: "bar",
        barWidth: "62%",
        barMaxWidth: 22,
        data: items,
        emphasis: { itemStyle: { borderColor: palette.ink, borderWidth: 1.5 } },
        label: { show: true, position: "right", color: palette.ink, fontWeight: 600, formatter: ({ data: item }) => item.text ?? "" },
      },
    ],
  };

  function bar({ name, value, url }, look) {
    return {
      name,
      value,
      text: String(value),
      url: value ? url : undefined,
      tip: `${name}\n${value}`,
      itemStyle: { color: look.fill, decal: look.decal, borderColor: look.edge ?? palette.paper, borderWidth: 1 },
      label: value ? {} : { color: palette.ink2, fontWeight: 400 },
    };
  }
}
