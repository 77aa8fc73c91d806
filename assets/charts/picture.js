// Charts that no series type draws are laid out in px and drawn as one custom series: each item
// of its data is a group of shapes that answers the pointer as one.

/** A rectangle. */
export function rect(x, y, width, height, style, more = {}) {
  const shape = { x, y, width: Math.max(0, width), height: Math.max(0, height), r: more.r ?? 0 };
  return { type: "rect", shape, style, ...more };
}

/** A straight line. */
export function line(x1, y1, x2, y2, style) {
  return { type: "line", shape: { x1, y1, x2, y2 }, style: { lineWidth: 1, ...style } };
}

/**
 * A text of one line, cut off with an ellipsis at `width`, or of several when `wraps`.
 * @param {{size?: number, weight?: number, fill: string, align?: string, baseline?: string,
 *   width?: number, wraps?: boolean, rotation?: number, lineHeight?: number, halo?: string,
 *   font: string}} style `halo` is a colour around the letters
 */
export function label(x, y, text, style) {
  const { size = 12, weight = 400, fill, halo, font, align = "left", baseline = "middle", width, wraps, rotation } = style;
  return {
    type: "text",
    x,
    y,
    rotation: rotation ?? 0,
    style: {
      text,
      fill,
      fontSize: size,
      fontWeight: weight,
      fontFamily: font,
      align,
      verticalAlign: baseline,
      lineHeight: style.lineHeight ?? Math.round(size * 1.35),
      ...(halo ? { stroke: halo, lineWidth: 3 } : {}),
      ...(width ? { width, overflow: wraps ? "break" : "truncate", ellipsis: "…" } : {}),
    },
  };
}

/**
 * The custom series of a picture.
 * @param {{children: object[], tip?: string, url?: string}[]} items drawn in this order; those
 *   with neither tip nor url are decoration and let the pointer through
 */
export function picture(items) {
  return {
    type: "custom",
    coordinateSystem: "none",
    animation: false,
    data: items.map(({ tip, url, key }, at) => ({ value: at, name: key ?? "", tip, url })),
    renderItem(params) {
      const { children, tip, url } = items[params.dataIndex];
      return { type: "group", children, silent: !tip && !url };
    },
  };
}

/**
 * A legend: swatches with their names, broken into lines of `width`.
 * @param {{name: string, fill?: string, decal?: object, stroke?: string,
 *   dashed?: boolean, mark?: string}[]} entries `mark` is the colour of a line at the end
 * @returns {{item: object, height: number}}
 */
export function legend(entries, x, y, width, palette, measured) {
  const children = [];
  let [left, top] = [x, y];
  for (const { name, fill = palette.paper, decal, stroke, dashed, mark } of entries) {
    const wide = 14 + 6 + measured(name, 11) + 16;
    if (left > x && left + wide - 16 > x + width) [left, top] = [x, top + 18];
    const style = { fill, decal, stroke: stroke ?? "none", lineWidth: 1, lineDash: dashed ? [3, 2] : null };
    children.push(rect(left, top + 4, 14, 10, style, { r: 2 }));
    if (mark) children.push(line(left + 14, top + 1, left + 14, top + 17, { stroke: mark, lineWidth: 3 }));
    children.push(label(left + 20, top + 9, name, { size: 11, fill: palette.ink2, font: palette.font }));
    left += wide;
  }
  return { item: { children }, height: entries.length ? top - y + 18 : 0 };
}
