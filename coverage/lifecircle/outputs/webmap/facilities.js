// Facilities on the map and in the legend: those that serve the rule, and the others.

/** The facilities that serve a rule, and those that its chain ends at. */
function facilitiesOf(ruleId) {
  const { facility, onward } = study.facilities.serving[ruleId] || { facility: [], onward: [] };
  return new Set([...facility, ...onward]);
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

function kindLegend() {
  const counts = new Map();
  for (const index of facilitiesOf(state.rule)) {
    const kind = study.facilities.kind[index];
    counts.set(kind, (counts.get(kind) || 0) + 1);
  }
  const items = [...counts].map(([kind, count]) => {
    const dot = element("span", "dot");
    dot.style.background = study.kinds[kind].colour;
    return element("span", "kind", dot, `${nameOf(study.kinds[kind])} ${count.toLocaleString("en")}`);
  });
  return element("div", "kinds", ...items);
}
