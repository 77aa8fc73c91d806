// A scale of time, and the place of today on it.

const DAY = 86_400_000;
// Between the last item and a today that is far off, in px.
const APART = 16;

/** A day `2023-05-31` as a number of days. */
export function dayNumber(text) {
  return Date.parse(`${text}T00:00:00Z`) / DAY;
}

/**
 * A scale from the first to the last day of the items. Today belongs to it when it is near; when
 * it is far off, it stands at the edge with an arrow rather than pressing all else into a corner.
 * @param {{first: string, last: string}[]} items
 * @returns {{at: (day: number) => number, today: {x: number, beyond: "" | "left" | "right"}, from: number, to: number}}
 */
export function timeScale(items, today, left, right) {
  let from = Math.min(...items.map(({ first }) => dayNumber(first)));
  let to = Math.max(...items.map(({ last }) => dayNumber(last) + 1));
  const span = Math.max(31, to - from);
  const now = dayNumber(today);
  let beyond = "";
  if (now > to + span * 0.12) beyond = "right";
  else if (now < from - span * 0.12) beyond = "left";
  else [from, to] = [Math.min(from, now), Math.max(to, now + span * 0.02)];
  const [start, end] = [left + (beyond === "left" ? APART : 0), right - (beyond === "right" ? APART : 0)];
  const at = (day) => start + ((day - from) / Math.max(1, to - from)) * (end - start);
  const x = { "": at(now), left, right }[beyond];
  return { at, from, to, today: { x, beyond } };
}

/**
 * Ticks at years, half-years, quarters or months, as close as `width` px allow.
 * @returns {{day: number, name: string, year: boolean}[]}
 */
export function ticks(from, to, width, lang) {
  const months = (to - from) / 30.4;
  const room = Math.max(2, width / 52);
  const step = [1, 3, 6, 12, 24, 60, 120].find((size) => months / size <= room) ?? 240;
  const written = new Intl.DateTimeFormat(lang, { month: "short", timeZone: "UTC" });
  const first = new Date(from * DAY);
  const found = [];
  for (let month = Math.ceil(first.getUTCMonth() / step) * step; ; month += step) {
    const date = new Date(Date.UTC(first.getUTCFullYear(), month, 1));
    const day = date.getTime() / DAY;
    if (day > to) return found;
    const year = date.getUTCMonth() === 0;
    if (day >= from) found.push({ day, year, name: year ? String(date.getUTCFullYear()) : written.format(date) });
  }
}
