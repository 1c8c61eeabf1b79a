// What the pages beside the coverage page share: their state in the address, and their start.

function readFragment(readPage) {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const changes = {};
  if (["zh", "en"].includes(wanted.get("lang"))) changes.language = wanted.get("lang");
  const level = wanted.get("level");
  if (level !== "district" && Object.hasOwn(study.levels, level)) changes.level = level;
  const unit = study.levels[changes.level || state.level].code.indexOf(wanted.get("unit"));
  changes.unit = unit < 0 ? null : unit;
  if (wanted.has("layers")) changes.layers = readLayers(wanted.get("layers"));
  return { changes: { ...changes, ...readPage(wanted) }, view: readView(wanted.get("view")) };
}

function writeFragment(own) {
  putFragment({
    ...own, level: state.level, lang: state.language, unit: state.unit === null ? null : study.levels[state.level].code[state.unit],
    layers: layerLetters(), view: viewText(),
  });
}

/** Draw the page from its address, and again after every change of either; `redraw` follows the zoom. */
function startPage({ readPage, draw, redraw, ownFragment }) {
  const { changes, view } = readFragment(readPage);
  Object.assign(state, changes);
  addControls();
  if (view) map.setView([view[0], view[1]], view[2], { animate: false });
  else showDistrict();
  const drawAll = (changed) => {
    draw(changed);
    writeFragment(ownFragment());
  };
  drawAll({ ...state });
  drawGraticule();
  whenChanged(drawAll);
  map.on("moveend", () => {
    drawGraticule();
    redraw();
    writeFragment(ownFragment());
  });
  map.on("click", () => change({ unit: null, facility: null }));
  window.addEventListener("hashchange", () => {
    if (location.hash === written) return;
    const next = readFragment(readPage);
    change(next.changes);
    if (next.view) map.setView([next.view[0], next.view[1]], next.view[2], { animate: false });
  });
  document.getElementById("print").addEventListener("click", () => window.print());
}
