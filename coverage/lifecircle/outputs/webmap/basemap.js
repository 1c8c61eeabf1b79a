// What every map has: panes, a graticule, the controls, and layers that are drawn anew.

const map = map_view; // made by folium's part of the page

const PANES = {
  graticule: 310, units: 350, bands: 360, surface: 370, gaps: 375, borders: 380, facilityAreas: 383, chosen: 385, roads: 390, others: 440,
  facilities: 450, labels: 600, pins: 610,
};
for (const [pane, order] of Object.entries(PANES)) {
  map.createPane(pane).style.zIndex = order;
}
for (const pane of ["graticule", "bands", "surface", "facilityAreas", "borders", "chosen", "labels"]) {
  map.getPane(pane).style.pointerEvents = "none";
}

const drawn = {}; // by name, the layers that are redrawn from the state
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

/** Names or numbers at places, made of elements. */
function placeLabel(at, content, { pane = "labels", className = "unit-label" } = {}) {
  return L.marker(at, {
    pane, interactive: false, keyboard: false, icon: L.divIcon({ html: content, className, iconSize: [0, 0] }),
  });
}

/** Cells by class: a picture, or points whose size is the class within its row of `steps` colours. */
function cellLayer(surfaces, name, steps = 4) {
  if (surfaces.pictures) {
    return L.imageOverlay(surfaces.pictures[name], surfaces.bounds, { pane: "surface", className: "cells", alt: "" });
  }
  const points = surfaces.points[name];
  return L.layerGroup(points.class.map((cellClass, i) => L.circleMarker([points.lat[i] / 1e5, points.lon[i] / 1e5], {
    pane: "surface", renderer: pointRenderer, interactive: false, stroke: true, color: "#fff", weight: 0.5,
    fillColor: surfaces.colours[cellClass - 1], fillOpacity: 0.9, radius: 2 + ((cellClass - 1) % steps),
  })));
}

/** A chosen outline: black on white, over whatever colour. */
function outlineTwice(paths, pane = "chosen") {
  const style = { pane, fill: false, lineJoin: "round", interactive: false };
  return L.layerGroup([L.polygon(paths, { ...style, color: "#fff", weight: 6 }), L.polygon(paths, { ...style, color: "#111", weight: 2.6 })]);
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

/** A round step for a graticule of some five lines over `span` degrees. */
function graticuleStep(span) {
  return [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5].find((step) => span / step <= 6) || 10;
}

function degreesText(value, positive, negative) {
  return `${Math.abs(value).toFixed(4)}°${value < 0 ? negative : positive}`;
}

function drawGraticule() {
  graticule.clearLayers();
  const view = map.getBounds();
  const step = graticuleStep(Math.max(view.getEast() - view.getWest(), view.getNorth() - view.getSouth()));
  const digits = step < 0.01 ? 3 : step < 0.1 ? 2 : 1;
  const add = (path, at, text, className) => {
    graticule.addLayer(L.polyline(path, { pane: "graticule", color: "#b9cdd8", weight: 0.7, interactive: false }));
    graticule.addLayer(placeLabel(at, element("div", className, text), { pane: "graticule", className: "degrees" }));
  };
  for (let lon = Math.ceil(view.getWest() / step) * step; lon < view.getEast(); lon += step) {
    add([[view.getSouth(), lon], [view.getNorth(), lon]], [view.getNorth(), lon], `${lon.toFixed(digits)}°`, "top");
  }
  for (let lat = Math.ceil(view.getSouth() / step) * step; lat < view.getNorth(); lat += step) {
    add([[lat, view.getWest()], [lat, view.getEast()]], [lat, view.getEast()], `${lat.toFixed(digits)}°`, "right");
  }
}

// Units

/** Every unit in its colour; `hint` tells what stands beside its name, `hover` is called with the unit under the pointer. */
function drawUnitsBy(colour, hint, hover) {
  const units = study.levels[state.level];
  replaceLayer("units", L.layerGroup(units.outline.map((outline, index) => {
    const polygon = L.polygon(decodePolygons(outline), {
      pane: "units", color: "#fff", weight: state.level === "village" ? 0.7 : 1.2, fillColor: colour(index), fillOpacity: 0.92,
    });
    bindHint(polygon, () => element("div", "", element("b", "", units.name[index]), ` ${hint(index)}`));
    polygon.on("mouseover", () => hover(index));
    polygon.on("mouseout", () => hover(state.unit));
    polygon.on("click", (event) => {
      L.DomEvent.stopPropagation(event);
      change({ unit: index, facility: null });
    });
    return polygon;
  })));
}

function drawChosen() {
  if (state.unit === null) return replaceLayer("chosen", null);
  return replaceLayer("chosen", outlineTwice(decodePolygons(study.levels[state.level].outline[state.unit])));
}

/** Choose a unit and bring it into view. */
function chooseUnit(index) {
  change({ unit: index, facility: null });
  map.fitBounds(unitBounds(state.level, index), { padding: [40, 40], maxZoom: 15, animate: false });
}

const VILLAGE_NAMES_FROM_ZOOM = 13;

/** Names of units, with a figure below where there is one. */
function drawLabels(figure) {
  const units = study.levels[state.level];
  const isCrowded = state.level === "village" && units.name.length > 30 && map.getZoom() < VILLAGE_NAMES_FROM_ZOOM;
  if (!state.layers.labels || isCrowded) return replaceLayer("labels", null);
  return replaceLayer("labels", L.layerGroup(units.name.map((name, index) => {
    const label = element("div", "unit-name", name);
    if (figure) label.append(element("span", "", figure(index)));
    return placeLabel(decodePath(units.label[index])[0], label);
  })));
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
