// The state of a page in the address: what every page keeps there.

function readView(text) {
  const parts = (text || "").split(",").map(Number);
  return text && parts.length === 3 && parts.every(Number.isFinite) ? parts : null;
}

function readLayers(letters) {
  return Object.fromEntries(Object.entries(LAYER_LETTERS).map(([layer, letter]) => [layer, letters.includes(letter)]));
}

function layerLetters() {
  return Object.entries(LAYER_LETTERS).filter(([layer]) => state.layers[layer]).map(([, letter]) => letter).join("");
}

function viewText() {
  const { lat, lng } = map.getCenter();
  return `${lat.toFixed(5)},${lng.toFixed(5)},${map.getZoom()}`;
}

let written = "";

/** Put the state into the address; what is null is left out. */
function putFragment(entries) {
  const wanted = new URLSearchParams();
  for (const [key, value] of Object.entries(entries)) if (value !== null && value !== undefined) wanted.set(key, value);
  written = `#${wanted}`;
  history.replaceState(null, "", written);
}
