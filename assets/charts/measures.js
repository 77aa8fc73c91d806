// The choice of what the map shows: a native list, so that it works with keyboard and screen reader.

/**
 * Fill a list with measures, counts before capacities; values are places in `measures`.
 * The names of the groups come from the list's own data-label-counts and data-label-capacities.
 * @param {HTMLSelectElement | null} select
 * @param {{label: string, count: boolean}[]} measures
 */
export function fillMeasures(select, measures = []) {
  // A page that comes back from history may have its list filled already.
  if (!select || select.options.length) return;
  for (const [isCount, name] of [[true, select.dataset.labelCounts], [false, select.dataset.labelCapacities]]) {
    const options = measures.flatMap(({ label, count }, at) => (count === isCount ? [new Option(label, at)] : []));
    if (!options.length) continue;
    if (!name) {
      select.append(...options);
      continue;
    }
    const group = document.createElement("optgroup");
    group.label = name;
    group.append(...options);
    select.append(group);
  }
}
