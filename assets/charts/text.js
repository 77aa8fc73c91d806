// Measuring and breaking text, which ECharts leaves to its caller where a label must fit.

const context = document.createElement("canvas").getContext("2d");

/** The width of a text in px. */
export function measure(text, size, font, weight = 400) {
  context.font = `${weight} ${size}px ${font}`;
  return context.measureText(text).width;
}

/** The widest of several texts in px; 0 for none. */
export function widest(texts, size, font, weight = 400) {
  return Math.max(0, ...texts.map((text) => measure(text, size, font, weight)));
}

/**
 * Lines that are no wider than `width`: Latin breaks between words, Chinese between characters.
 * @returns {string[]}
 */
export function wrap(text, width, size, font, weight = 400) {
  const lines = [];
  for (const paragraph of String(text).split("\n")) {
    let line = "";
    for (const piece of paragraph.match(/[\p{Script=Han}\u3000-\u303f\uff00-\uffef]|[^\s\p{Script=Han}\u3000-\u303f\uff00-\uffef]+\s*|\s+/gu) ?? [""]) {
      // A full stop or comma never begins a line.
      const sticks = /^[，。、；：！？）》”’,.;:!?)]/u.test(piece);
      if (line && !sticks && measure((line + piece).trimEnd(), size, font, weight) > width) {
        lines.push(line.trimEnd());
        line = "";
      }
      line += piece;
    }
    lines.push(line.trimEnd());
  }
  return lines;
}
