// The map of a rule: units by coverage, the people not covered, the facilities; all redrawn from the state.

function drawUnits() {
  const units = study.levels[state.level];
  const layers = units.outline.map((outline, index) => {
    const figures = figuresOf(state.rule, state.level, index);
    const polygon = L.polygon(decodePolygons(outline), {
      pane: "units", color: "#fff", weight: state.level === "village" ? 0.7 : 1.2,
      fillColor: classColour(classOf(figures)), fillOpacity: 0.92,
    });
    bindHint(polygon, () => element("div", "", element("b", "", units.name[index]), ` ${shareText(figures.share)}`));
    polygon.on("mouseover", () => showCard(index));
    polygon.on("mouseout", () => showCard(state.unit));
    polygon.on("click", (event) => {
      L.DomEvent.stopPropagation(event);
      change({ unit: index, facility: null });
    });
    return polygon;
  });
  replaceLayer("units", L.layerGroup(layers));
}

function drawChosen() {
  if (state.unit === null) return replaceLayer("chosen", null);
  return replaceLayer("chosen", outlineTwice(decodePolygons(study.levels[state.level].outline[state.unit])));
}

/** People per cell: those not covered; in the view of sites those whom they newly cover and those left. */
function drawSurface() {
  if (!state.layers.gaps || hasGapView()) return replaceLayer("surface", null);
  const plan = hasSitesView() ? currentPlan() : null;
  return replaceLayer("surface", plan ? cellLayer(study.plans.surfaces, plan.id) : cellLayer(study.surfaces, state.rule));
}

function drawFacilities() {
  const { facilities, kinds } = study;
  const serving = facilitiesOf(state.rule);
  const make = (index, faded) => {
    const layer = facilityLayer(facilities.shape[index], kinds[facilities.kind[index]].colour, {
      faded, pane: faded ? "others" : "facilities", renderer: faded ? otherRenderer : facilityRenderer,
    });
    bindHint(layer, () => element(
      "div", "", element("b", "", facilities.name[index] || facilities.id[index]), ` ${nameOf(kinds[facilities.kind[index]])}`,
    ));
    layer.on("click", (event) => {
      L.DomEvent.stopPropagation(event);
      change({ facility: index });
    });
    return layer;
  };
  const all = facilities.id.map((_, index) => index);
  // Areas below lines below points, so that none hides another.
  const rank = (index) => (facilities.shape[index].area ? 0 : facilities.shape[index].line ? 1 : 2);
  const shown = (wanted) => all.filter(wanted).sort((a, b) => rank(a) - rank(b));
  replaceLayer("others", state.layers.others
    ? L.layerGroup(shown((index) => !serving.has(index)).map((index) => make(index, true))) : null);
  replaceLayer("serving", state.layers.serving
    ? L.layerGroup(shown((index) => serving.has(index)).map((index) => make(index, false))) : null);
}

const VILLAGE_NAMES_FROM_ZOOM = 13;

function drawLabels() {
  if (!state.layers.labels) return replaceLayer("labels", null);
  const units = study.levels[state.level];
  if (state.level === "village" && units.name.length > 30 && map.getZoom() < VILLAGE_NAMES_FROM_ZOOM) {
    return replaceLayer("labels", null);
  }
  return replaceLayer("labels", L.layerGroup(units.name.map((name, index) => {
    const figures = figuresOf(state.rule, state.level, index);
    const label = element("div", "unit-name", name);
    if (state.level === "township" && state.panel === "units") label.append(element("span", "", shareText(figures.share)));
    return placeLabel(decodePath(units.label[index])[0], label);
  })));
}
