// Colours come from the style sheet, so that a theme is designed in one place.

const FAMILIES = ["talked", "agreed", "building", "built", "stopped", "unknown"];
const NAMES = ["ink", "ink-2", "line", "ramp-1", "ramp-2", "ramp-3", "ramp-4", "ramp-5", "accent", "hatch"];
// WCAG 2.2 AA for text of normal size.
const READABLE = 4.5;
const FAINT = 1.5;

/**
 * The colours and the font that hold at `host`, as `rgb(…)`.
 * @param {Element} host where custom properties are looked up
 */
export function readPalette(host) {
  const probe = document.createElement("span");
  host.append(probe);
  const computed = getComputedStyle(probe);
  const read = (name) => {
    probe.style.color = `var(--${name})`;
    return computed.color;
  };
  const colours = Object.fromEntries(NAMES.map((name) => [name.replace("-", ""), read(name)]));
  const families = Object.fromEntries(
    FAMILIES.map((family) => [family, { fill: read(`f-${family}`), text: read(`on-f-${family}`) }]),
  );
  // A chart stands on a sheet; on the page's paper where there is none.
  colours.paper = read("sheet");
  const font = computed.fontFamily;
  probe.remove();
  const ramp = [1, 2, 3, 4, 5].map((step) => colours[`ramp${step}`]);
  return { ...colours, ramp, families, font };
}

/** The palette for paper: pictures that leave the screen are light, whatever the theme. */
export function readLightPalette() {
  const host = document.createElement("div");
  host.dataset.theme = "light";
  host.hidden = true;
  document.body.append(host);
  const palette = readPalette(host);
  host.remove();
  return palette;
}

function channels(colour) {
  const numbers = (colour.match(/[\d.]+/g) ?? ["0", "0", "0"]).map(Number);
  // color(srgb …) counts from 0 to 1, rgb(…) from 0 to 255.
  return numbers.slice(0, 3).map((value) => (colour.startsWith("color(") ? value * 255 : value));
}

/** `share` of `other` in `colour`, 0 to 1. */
export function mix(colour, other, share) {
  const [from, to] = [channels(colour), channels(other)];
  return `rgb(${from.map((value, at) => Math.round(value + (to[at] - value) * share)).join(", ")})`;
}

function luminance(colour) {
  const [red, green, blue] = channels(colour).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The contrast of two colours, 1 to 21. */
export function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** The first of `wanted` that can be read on `fill`, else the one that can be read best. */
export function readable(fill, ...wanted) {
  const fit = wanted.find((colour) => contrast(fill, colour) >= READABLE);
  return fit ?? wanted.toSorted((a, b) => contrast(fill, b) - contrast(fill, a))[0];
}

/**
 * The texture of what is not known.
 * @param {"quiet" | "plain" | "strong"} voice quiet for large areas, strong for thin bars
 */
export function hatch(palette, voice = "plain") {
  const colour = {
    quiet: mix(palette.hatch, palette.paper, 0.4),
    plain: palette.hatch,
    strong: mix(palette.hatch, palette.ink2, 0.3),
  }[voice];
  return {
    symbol: "rect",
    symbolSize: 1,
    rotation: -Math.PI / 4,
    color: colour,
    dashArrayX: [1, 0],
    dashArrayY: [1.5, 4.5],
  };
}

/**
 * Fills and text colours of stages: families by their colour, stages of one family from light
 * to strong within it, in the order given; "not stated" is hatched.
 * @param {string[]} families the family of each stage
 * @returns {{fill: string, text: string, decal?: object, edge?: string}[]}
 */
export function shades(families, palette) {
  return families.map((family, at) => {
    const own = palette.families[family] ?? palette.families.unknown;
    const after = families.slice(at + 1).filter((other) => other === family).length;
    const fill = after ? mix(own.fill, palette.paper, Math.min(0.35 * after, 0.8)) : own.fill;
    // What is nearly as light as the sheet is outlined.
    const edge = contrast(fill, palette.paper) < FAINT ? mix(own.fill, palette.ink, 0.3) : undefined;
    const text = readable(fill, own.text, palette.ink, palette.paper);
    return family === "unknown"
      ? { fill: palette.paper, text: palette.ink, decal: hatch(palette, "strong"), edge: palette.hatch }
      : { fill, text, edge };
  });
}
