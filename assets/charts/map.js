// Districts shaded by the measure that the reader chose.

import polylabel from "polylabel";
import { registerMap } from "./echarts.js";
import { hatch, readable } from "./palette.js";
import { label, picture, rect } from "./picture.js";
import { measure as textWidth } from "./text.js";

const FOOT = 26;

/** @param {{data: object, palette: object, width: number, height: number, measure: number}} view */
export function map({ data, palette, width, height, measure }) {
  const chosen = data.measures[measure];
  if (!data.geo.features.length || !chosen) return { series: [] };
  const bounds = boundsOf(data.geo);
  // A degree of longitude shrinks towards the pole.
  const aspect = Math.cos((((bounds.south + bounds.north) / 2) * Math.PI) / 180);
  const geo = withCentres(data.geo, aspect);
  registerMap("districts", geo);
  const most = Math.max(0, ...chosen.values.map((value) => value ?? 0));
  const place = fit(bounds, aspect, width, height - FOOT);
  return {
    series: [
      {
        type: "map",
        map: "districts",
        aspectScale: aspect,
        layoutCenter: [place.x, place.y],
        layoutSize: place.size,
        selectedMode: false,
        itemStyle: { borderColor: palette.paper, borderWidth: 1.5 },
        emphasis: { label: {}, itemStyle: { borderColor: palette.ink, borderWidth: 2 } },
        data: data.districts.map(({ name, url }, at) => {
          const inside = geo.features.find(({ properties }) => properties.name === name)?.properties.room ?? 0;
          return region({ name, url, room: inside * place.factor }, chosen, at, most, palette);
        }),
      },
      picture([{ children: scale(data, chosen, most, palette, height - FOOT + 10) }]),
    ],
  };
}

function region({ name, url, room }, chosen, at, most, palette) {
  const value = chosen.values[at];
  const look = shade(value, most, palette);
  const colour = readable(look.fill, palette.ink, palette.paper);
  // A long name in a small district is written smaller.
  const size = [12, 11, 10].find((px) => textWidth(name, px, palette.font) <= room) ?? 9;
  const written = { show: true, color: colour, fontSize: size, lineHeight: 15, fontFamily: palette.font };
  // The texture of "unknown" runs under the name; a halo keeps it readable.
  if (look.decal) Object.assign(written, { textBorderColor: palette.paper, textBorderWidth: 3 });
  const figure = chosen.count ? String(value ?? 0) : (chosen.texts[at] ?? "");
  const rich = { figure: { fontSize: chosen.count ? 16 : 12, fontWeight: 700, lineHeight: chosen.count ? 19 : 15, color: colour } };
  const text = { ...written, formatter: value === null ? name : `${name}\n{figure|${figure}}`, rich };
  const itemStyle = { areaColor: look.fill, decal: look.decal, borderColor: look.edge ?? palette.paper };
  return {
    name,
    value,
    url,
    tip: `${name}\n${chosen.label}\n${chosen.texts[at]}`,
    itemStyle,
    label: text,
    emphasis: { label: text, itemStyle: { ...itemStyle, borderColor: palette.ink } },
  };
}

/** None is white, unknown is hatched, the rest is five steps of the ramp. */
function shade(value, most, palette) {
  if (value === null) return { fill: palette.paper, decal: hatch(palette), edge: palette.hatch };
  if (!value) return { fill: palette.paper, edge: palette.hatch };
  return { fill: palette.ramp[Math.min(4, Math.ceil((value / most) * 5) - 1)] };
}

/** The five steps from little to most, and the texture of "no figure" where there is one. */
function scale(data, chosen, most, palette, y) {
  if (!most) return [];
  const { font, ink2 } = palette;
  const written = { size: 11, fill: ink2, font };
  const top = chosen.texts[chosen.values.indexOf(most)];
  const first = "0";
  let x = textWidth(first, 11, font) + 6;
  const shapes = [label(0, y + 5, first, written)];
  for (const fill of palette.ramp) {
    shapes.push(rect(x, y, 18, 10, { fill }));
    x += 19;
  }
  shapes.push(label(x + 5, y + 5, top, written));
  x += 5 + textWidth(top, 11, font) + 18;
  if (chosen.values.includes(null)) {
    shapes.push(rect(x, y, 18, 10, { fill: palette.paper, decal: hatch(palette), stroke: palette.hatch }));
    shapes.push(label(x + 24, y + 5, data.unknown, written));
  }
  return shapes;
}

const rings = ({ type, coordinates }) => (type === "Polygon" ? [coordinates] : coordinates);

function boundsOf(geo) {
  const points = geo.features.flatMap(({ geometry }) => rings(geometry).flatMap((polygon) => polygon[0]));
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return { west: Math.min(...xs), east: Math.max(...xs), south: Math.min(...ys), north: Math.max(...ys) };
}

/** The largest place that the districts fit in without being distorted: centre, size, px per degree. */
function fit({ west, east, south, north }, aspect, width, height) {
  const [wide, tall] = [(east - west) * aspect, north - south];
  const factor = Math.min((width - 8) / wide, (height - 8) / tall);
  // ECharts takes the longer side as the size.
  return { x: width / 2, y: height / 2, size: Math.max(wide, tall) * factor, factor };
}

/**
 * The same districts with the place of their label, the point farthest from every border, which
 * lies inside, as a centre of gravity need not; and the room around it in degrees.
 */
function withCentres(geo, aspect) {
  const features = geo.features.map((feature) => {
    const flat = rings(feature.geometry).map((polygon) => polygon.map((ring) => ring.map(([x, y]) => [x * aspect, y])));
    const spots = flat.map((polygon) => polylabel(polygon, 0.002));
    const spot = spots.reduce((best, other) => (other.distance > best.distance ? other : best));
    const [x, y] = spot;
    return { ...feature, properties: { ...feature.properties, cp: [x / aspect, y], room: 2 * spot.distance } };
  });
  return { ...geo, features };
}
