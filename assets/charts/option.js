// What all charts share, and the option of each.

import { charts } from "./all.js";
import { wrap } from "./text.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const TIP_WIDTH = 280;

/**
 * The option that draws a figure.
 * @param {HTMLElement} figure
 * @param {{data: object, palette: object, width: number, height: number, still?: boolean}} view
 *   the size in px
 */
export function optionOf(figure, { data, palette, width, height, still = false }) {
  const measure = Number(figure.querySelector("select[data-measure]")?.value ?? 0);
  const lang = document.documentElement.lang || "en";
  const moves = !(still || calm.matches);
  return {
    animation: moves,
    animationDuration: 240,
    animationDurationUpdate: 160,
    textStyle: { fontFamily: palette.font, color: palette.ink },
    tooltip: {
      trigger: "item",
      // Rich text is drawn inside the picture: no markup, so nothing for a content policy to refuse.
      renderMode: "richText",
      confine: true,
      transitionDuration: 0,
      backgroundColor: palette.paper,
      borderColor: palette.ink2,
      borderWidth: 1,
      padding: [8, 10],
      textStyle: { color: palette.ink, fontFamily: palette.font, fontSize: 12, lineHeight: 18 },
      formatter: ({ data: item }) =>
        wrap(item?.tip ?? "", Math.min(TIP_WIDTH, width - 40), 12, palette.font).join("\n"),
    },
    ...charts[figure.dataset.chart]({ data, palette, width, height, lang, measure }),
  };
}
