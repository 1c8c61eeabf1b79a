// The map: units by coverage, the people not covered, the facilities; all redrawn from the state.

const map = map_view; // made by folium's part of the page

const PANES = { graticule: 310, units: 350, bands: 360, surface: 370, borders: 380, facilityAreas: 383, chosen: 385, others: 440, facilities: 450, labels: 600 };
for (const [pane, order] of Object.entries(PANES)) {
  map.createPane(pane).style.zIndex = order;
}
for (const pane of ["graticule", "bands", "surface", "facilityAreas", "borders", "chosen", "labels"]) {
  map.getPane(pane).style.pointerEvents = "none";
}

const drawn = { units: null, borders: null, surface: null, bands: null, facilityAreas: null, serving: null, others: null, labels: null, chosen: null };
const graticule = L.layerGroup().addTo(map);
const pointRenderer = L.canvas({ pane: "surface" });
const facilityRenderer = L.svg({ pane: "facilities" });
const otherRenderer = L.svg({ pane: "others" });

function replaceLayer(name, layer) {
  if (drawn[name]) drawn[name].remove();
  drawn[name] = layer;
  if (layer) layer.addTo(map);
}

/** A tooltip that follows the pointer, made of elements. */
function bindHint(layer, describe) {
  layer.bindTooltip(() => describe(), { sticky: true, direction: "top", offset: [0, -6], className: "hint" });
}

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

function drawBorders() {
  const lines = [];
  const add = (outlines, style) => {
    for (const outline of outlines) lines.push(L.polygon(decodePolygons(outline), { pane: "borders", fill: false, ...style }));
  };
  if (state.level === "village" && study.levels.township) {
    add(study.levels.township.outline, { color: "#3d4a57", weight: 1.2 });
  }
  add([study.levels.district.outline], { color: "#22303c", weight: 1.6 });
  replaceLayer("borders", L.layerGroup(lines));
}

function drawChosen() {
  if (state.unit === null) return replaceLayer("chosen", null);
  const outline = decodePolygons(study.levels[state.level].outline[state.unit]);
  const style = { pane: "chosen", fill: false, lineJoin: "round" };
  return replaceLayer("chosen", L.layerGroup([
    L.polygon(outline, { ...style, color: "#fff", weight: 6 }),
    L.polygon(outline, { ...style, color: "#111", weight: 2.6 }),
  ]));
}

function drawSurface() {
  const { surfaces } = study;
  if (!state.layers.gaps || !state.rule) return replaceLayer("surface", null);
  if (surfaces.pictures) {
    return replaceLayer("surface", L.imageOverlay(surfaces.pictures[state.rule], surfaces.bounds, {
      pane: "surface", className: "cells", alt: word("layer_gaps"),
    }));
  }
  const points = surfaces.points[state.rule];
  const colours = [...surfaces.beyond, ...surfaces.unreachable];
  return replaceLayer("surface", L.layerGroup(points.class.map((cellClass, i) => L.circleMarker(
    [points.lat[i] / 1e5, points.lon[i] / 1e5],
    {
      pane: "surface", renderer: pointRenderer, interactive: false, stroke: true, color: "#fff", weight: 0.5,
      fillColor: colours[cellClass - 1], fillOpacity: 0.9, radius: 2 + ((cellClass - 1) % surfaces.beyond.length),
    },
  ))));
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
    if (state.level === "township") label.append(element("span", "", shareText(figures.share)));
    return L.marker(decodePath(units.label[index])[0], {
      pane: "labels", interactive: false, keyboard: false,
      icon: L.divIcon({ html: label, className: "unit-label", iconSize: [0, 0] }),
    });
  })));
}

function drawGraticule() {
  graticule.clearLayers();
  const view = map.getBounds();
  const step = graticuleStep(Math.max(view.getEast() - view.getWest(), view.getNorth() - view.getSouth()));
  const digits = step < 0.01 ? 3 : step < 0.1 ? 2 : 1;
  const add = (path, at, text, className) => {
    graticule.addLayer(L.polyline(path, { pane: "graticule", color: "#b9cdd8", weight: 0.7, interactive: false }));
    graticule.addLayer(L.marker(at, {
      pane: "graticule", interactive: false, keyboard: false,
      icon: L.divIcon({ html: element("div", className, text), className: "degrees", iconSize: [0, 0] }),
    }));
  };
  for (let lon = Math.ceil(view.getWest() / step) * step; lon < view.getEast(); lon += step) {
    add([[view.getSouth(), lon], [view.getNorth(), lon]], [view.getNorth(), lon], `${lon.toFixed(digits)}°`, "top");
  }
  for (let lat = Math.ceil(view.getSouth() / step) * step; lat < view.getNorth(); lat += step) {
    add([[lat, view.getWest()], [lat, view.getEast()]], [lat, view.getEast()], `${lat.toFixed(digits)}°`, "right");
  }
}

// Controls

function addControls() {
  const zoom = L.control.zoom({ position: "topleft", zoomInTitle: word("zoom_in"), zoomOutTitle: word("zoom_out") }).addTo(map);
  const whole = element("a", "whole", "⤢");
  whole.href = "#";
  whole.setAttribute("role", "button");
  whole.addEventListener("click", (event) => {
    event.preventDefault();
    change({ unit: null, facility: null });
    showDistrict();
  });
  zoom.getContainer().append(whole);
  L.control.scale({ position: "bottomright", imperial: false, maxWidth: 140 }).addTo(map);
  const position = L.control({ position: "bottomright" });
  position.onAdd = () => element("div", "position", "");
  position.addTo(map);
  map.on("mousemove", ({ latlng }) => {
    position.getContainer().textContent =
      `${degreesText(latlng.lng, "E", "W")}  ${degreesText(latlng.lat, "N", "S")}  WGS-84`;
  });
  const north = L.control({ position: "topright" });
  north.onAdd = () => element("div", "north", element("span", "arrow", "▲"), element("span", "letter", word("north")));
  north.addTo(map);
  const mark = L.control({ position: "bottomleft" });
  mark.onAdd = () => element("div", "watermark", "");
  mark.addTo(map);
}

function nameControls() {
  const container = map.getContainer();
  const named = [[".leaflet-control-zoom-in", "zoom_in"], [".leaflet-control-zoom-out", "zoom_out"], [".whole", "zoom_all"]];
  for (const [selector, key] of named) {
    const button = container.querySelector(selector);
    button.title = word(key);
    button.setAttribute("aria-label", word(key));
  }
  container.querySelector(".letter").textContent = word("north");
  container.querySelector(".watermark").textContent = word("internal");
  container.setAttribute("aria-label", word("map"));
}

function showDistrict() {
  map.fitBounds(districtBounds(), { padding: [24, 24], animate: false });
}
