// Isochrones: the bands of a rule over units without colour, and of a chosen facility what is within the limit and where it is the nearest.

const BAND_COLOURS = ["#08519c", "#3182bd", "#9ecae1"]; // ColorBrewer Blues, dark where it is nearest
const WITHIN_COLOUR = "#08306b";
const CATCHMENT_COLOUR = "#d95f0e";

/** What is drawn of the current rule, or nothing. */
function currentAreas() {
  return (study.areas && study.areas[state.rule]) || null;
}

/** In the view of scenarios the units have the colours of the difference, and no bands. */
function hasBands() {
  return Boolean(state.layers.bands && currentAreas()) && !hasScenarioView();
}

/** Colours from the nearest band to the limit: two bands take the outer two, so that the limit looks the same under every rule. */
function bandColours(colours) {
  return colours.slice(-currentAreas().limits.length);
}

function bandRange(index) {
  const { limits } = currentAreas();
  const text = (value) => value.toLocaleString("en", { maximumFractionDigits: 1 });
  return index ? `${text(limits[index - 1])}–${text(limits[index])}` : `≤ ${text(limits[0])}`;
}

function drawBands() {
  map.getContainer().classList.toggle("has-bands", hasBands());
  if (!hasBands()) return replaceLayer("bands", null);
  const colours = bandColours(BAND_COLOURS);
  // The larger first: the smaller lie in them. The pane as a whole is a little transparent, not each over the others.
  return replaceLayer("bands", L.layerGroup(currentAreas().bands.map((band, index) => L.polygon(decodePolygons(band), {
    pane: "bands", interactive: false, className: "band", color: "#fff", weight: 0.8, fillColor: colours[index], fillOpacity: 1,
  })).reverse()));
}

/** The chosen facility's own areas; drawn whenever one that serves the rule is chosen. */
function drawFacilityAreas() {
  const areas = currentAreas();
  const place = state.facility === null ? -1 : study.facilities.serving[state.rule].facility.indexOf(state.facility);
  if (!areas || place < 0) return replaceLayer("facilityAreas", null);
  const row = study.facilities.serving[state.rule].row[place];
  const outline = (polygons, style) => L.polygon(decodePolygons(polygons), { pane: "facilityAreas", interactive: false, ...style });
  return replaceLayer("facilityAreas", L.layerGroup([
    outline(areas.within[row], { className: "within", color: "#fff", weight: 4, fill: false }),
    outline(areas.within[row], { className: "within", color: WITHIN_COLOUR, weight: 2, fillColor: WITHIN_COLOUR, fillOpacity: 0.12 }),
    outline(areas.catchment[row], {
      className: "catchment", color: CATCHMENT_COLOUR, weight: 2, dashArray: "6 4", fillColor: CATCHMENT_COLOUR, fillOpacity: 0.18,
    }),
  ]));
}

/** The legend of bands: the people each adds, and the share within its limit; sums of cells, not of what is drawn. */
function bandRows() {
  const areas = currentAreas();
  const colours = bandColours(BAND_COLOURS);
  const total = figuresOf(state.rule, "district", 0).people;
  const unit = word(currentRule().limit_unit === "m" ? "metres" : "minutes");
  const head = element("tr", "", element("td"), element("td", "", unit), element("td", "number", word("people_unit")),
    element("td", "number", word("within_it")));
  return [head, ...areas.limits.map((limit, index) => {
    const added = areas.people[index] - (index ? areas.people[index - 1] : 0);
    const line = element("tr", "", element("td", "", swatch(colours[index])), element("th", "", bandRange(index)),
      element("td", "number", peopleText(added)),
      element("td", "number", total ? shareText((100 * areas.people[index]) / total) : word("na")));
    line.children[1].scope = "row";
    return line;
  })];
}

/** That the cells decide, and what the area within the limit holds: the reader sees how far the two are apart. */
function bandsNote() {
  const { inside } = currentAreas();
  return `${word("bands_note")} ${word("bands_inside")} ${peopleText(inside[inside.length - 1])}`;
}

/** The switch above the legend; the legend follows it. */
function fillBandsSwitch() {
  fill("bands-switch", ...(currentAreas() && !hasScenarioView() ? [toggle("bands", word("layer_bands"))] : []));
}

/** What the outlines round a chosen facility mean. */
function facilityAreasLegend() {
  const line = (key, colour, kind) => {
    const sample = element("span", `outline ${kind}`);
    sample.style.borderColor = colour;
    return element("span", "kind", sample, word(key));
  };
  return element("div", "kinds", line("area_within", WITHIN_COLOUR, "whole"), line("area_nearest", CATCHMENT_COLOUR, "dashed"));
}
