// Two years compared: what is chosen, the figures, and the map of changes.

const FIRST = study.years[0];
const SECOND = study.years[1];
const INDICATORS = new Map(study.indicators.map((one) => [one.id, one]));
const CAUSES = ["facilities", "people", "roads", "rule", "residual"];

const state = {
  rule: study.indicators.length ? study.indicators[0].id : "",
  level: study.levels.township ? "township" : Object.keys(study.levels).find((level) => level !== "district"),
  unit: null,
  facility: null,
  language: "zh",
  layers: { turned: true, moved: false, changed: true, serving: true, others: false, labels: true },
};
const LAYER_LETTERS = { turned: "g", moved: "m", changed: "c", serving: "f", others: "o", labels: "n" };

function currentIndicator() {
  return INDICATORS.get(state.rule);
}

/** One unit's figures of the indicator, or the district's; null where the level has none. */
function changeOf(level, index, indicator = currentIndicator()) {
  const columns = indicator.levels[level];
  if (!columns) return null;
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[index]]));
}

function districtChange(indicator = currentIndicator()) {
  return changeOf("district", 0, indicator);
}

function changeBreaks() {
  const columns = currentIndicator().levels[state.level];
  return breaksOfChange(currentIndicator().unit, columns ? columns.difference : []);
}

// The map

function drawChanges() {
  const columns = currentIndicator().levels[state.level];
  const breaks = changeBreaks();
  drawUnitsBy((index) => changeColour(columns ? columns.difference[index] : null, breaks, currentIndicator().is_less_better), (index) => {
    if (!columns || columns.difference[index] === null) return word("na");
    const { unit } = currentIndicator();
    return `${valueText(columns.value_from[index], unit)} → ${valueText(columns.value_to[index], unit)}${inBrackets(differenceText(columns.difference[index], unit))}`;
  }, () => {});
}

function drawChangeNames() {
  const columns = currentIndicator().levels[state.level];
  drawLabels(state.level === "township" && columns ? (index) => differenceText(columns.difference[index], currentIndicator().unit) : null);
}

/** Whose cover changed, of a rule; where more or fewer people live, when that is asked for. */
function drawTurned() {
  const has = (layer) => state.layers[layer] && currentIndicator().is_rule;
  replaceLayer("moved", has("moved") ? cellLayer(study.surfaces.moved, state.rule, 1) : null);
  replaceLayer("turned", has("turned") ? cellLayer(study.surfaces.turned, state.rule) : null);
}

/** The facilities that opened or closed: all of them, or those of the kinds that the rule is about. */
function turnedFacilities(what) {
  const all = study.changed.facilities[what];
  if (!currentIndicator().is_rule) return all;
  const kinds = new Set([...facilitiesOf(state.rule)].map((index) => study.facilities.kind[index]));
  return all.filter(({ kind }) => kinds.has(kind));
}

function streetPaths(lines) {
  return lines.flatMap(({ line }) => line.map(decodePath));
}

function turnMark(what) {
  return element("span", `turn ${what}`, what === "opened" ? "＋" : "×");
}

/** Facilities and streets that opened or closed between the years. */
function drawDiffering() {
  if (!state.layers.changed) return replaceLayer("differing", null);
  const { streets } = study.changed;
  const layers = [];
  for (const [what, colour, dash] of [["opened", "#0b6e4f", null], ["closed", "#a50026", "6 5"]]) {
    const paths = streetPaths(streets[what]);
    if (paths.length) {
      layers.push(L.polyline(paths, { pane: "roads", interactive: false, color: "#fff", weight: 7, opacity: 0.9 }),
        L.polyline(paths, { pane: "roads", interactive: false, color: colour, weight: 3.5, dashArray: dash, className: `street ${what}` }));
    }
    for (const one of turnedFacilities(what).filter(({ point }) => point)) {
      const mark = L.marker(one.point, {
        pane: "pins", keyboard: false,
        icon: L.divIcon({ html: turnMark(what), className: "pin", iconSize: [18, 18], iconAnchor: [9, 9] }),
      });
      bindHint(mark, () => element("div", "", element("b", "", one.name), ` ${nameOf(study.kinds[one.kind] || { zh: one.kind })} · ${word(`facility_${what}`)}`));
      layers.push(mark);
    }
  }
  return replaceLayer("differing", L.layerGroup(layers));
}

// The legend

function fillChangeLegend() {
  const columns = currentIndicator().levels[state.level];
  fillDivergingLegend(currentIndicator(), changeBreaks(), columns ? columns.difference : []);
}

/** People per cell in classes: who is newly covered, who no longer; of whom more or fewer live where it was covered. */
function turnedLegend() {
  const { breaks, people, turned } = study.surfaces;
  const sums = people[state.rule];
  const strip = (key, start) => element("tr", "", element("th", "", word(key)), ...turned.colours.slice(start, start + 4).map((colour, i) => {
    const cell = element("td", i >= 2 ? "class on-dark" : "class", peopleText(sums[start + i]));
    cell.style.background = colour;
    return cell;
  }));
  const heads = rangesOf(breaks).map((range) => element("td", "", range));
  return element("table", "gap-legend", element("tr", "", element("th", "", word(turned.points ? "per_point" : "per_cell")), ...heads),
    strip("newly_covered", 0), strip("newly_lost", 4));
}

function movedLegend() {
  const sums = study.surfaces.moved_people[state.rule];
  return element("div", "kinds", ...["moved_in", "moved_out"].map((key, i) => element("span", "kind", swatch(study.surfaces.moved.colours[i]),
    ` ${word(key)} ${peopleText(sums[i])}`)));
}

function fillChangeLayers() {
  const ofRule = currentIndicator().is_rule;
  fill("layers",
    ...(ofRule ? [toggle("turned", word("layer_turned"), turnedLegend()), toggle("moved", word("layer_moved"), movedLegend())] : []),
    toggle("changed", word("layer_changed"), element("div", "kinds", ...["opened", "closed"].flatMap((what) => [element("span", "kind",
      turnMark(what), ` ${word(`facility_${what}`)} ${turnedFacilities(what).length}`), ...(study.changed.streets[what].length
      ? [element("span", "kind", element("span", `street-sample ${what}`), word(`street_${what}`))] : [])]))),
    ...(ofRule ? [toggle("serving", word("layer_serving"), kindLegend())] : []), toggle("others", word("layer_others")), toggle("labels", word("layer_labels")));
}
