// Places as the page stores them: whole 1e-5 degrees, each vertex as its step from the one before.

/** [lon, lat, step, step, ...] to Leaflet's [[lat, lon], ...]. */
function decodePath(flat) {
  const path = [];
  let lon = 0;
  let lat = 0;
  for (let i = 0; i < flat.length; i += 2) {
    lon += flat[i];
    lat += flat[i + 1];
    path.push([lat / 1e5, lon / 1e5]);
  }
  return path;
}

function decodePolygons(polygons) {
  return polygons.map((rings) => rings.map(decodePath));
}

/** A facility's Leaflet layer: a circle, a line with a pale edge, or an area. */
function facilityLayer(shape, colour, options) {
  const { pane, renderer, faded } = options;
  const common = { pane, renderer, opacity: faded ? 0.6 : 1 };
  if (shape.area) {
    return L.polygon(decodePolygons(shape.area), {
      ...common, color: colour, weight: faded ? 1.5 : 2.5, fillColor: colour, fillOpacity: faded ? 0.25 : 0.6,
    });
  }
  if (shape.line) {
    return L.polyline(shape.line.map(decodePath), { ...common, color: colour, weight: faded ? 2 : 3.5 });
  }
  const circles = shape.point.map((point) => L.circleMarker(decodePath(point)[0], {
    ...common, radius: faded ? 3 : 5, color: "#fff", weight: faded ? 0.8 : 1.4, fillColor: colour, fillOpacity: faded ? 0.6 : 1,
  }));
  return circles.length === 1 ? circles[0] : L.featureGroup(circles);
}

/** Where a facility is, for zooming to it. */
function facilityBounds(index) {
  const { area, line, point } = study.facilities.shape[index];
  const paths = area ? area.flat() : line || point;
  return L.latLngBounds(paths.flatMap(decodePath));
}

function unitBounds(level, index) {
  return L.latLngBounds(decodePolygons(study.levels[level].outline[index]).flat(2));
}

function districtBounds() {
  const outline = decodePolygons(study.levels.district.outline).flat(2);
  return L.latLngBounds(outline.length ? outline : [[-1, -1], [1, 1]]);
}

