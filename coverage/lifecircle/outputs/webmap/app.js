// Start: the state from the URL, the first drawing, and what each change draws again.

const LAYER_LETTERS = { gaps: "g", bands: "i", serving: "f", others: "o", labels: "n" };

function readFragment() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const changes = {};
  if (RULES.has(wanted.get("rule"))) changes.rule = wanted.get("rule");
  if (["zh", "en"].includes(wanted.get("lang"))) changes.language = wanted.get("lang");
  const level = wanted.get("level");
  if (level !== "district" && Object.hasOwn(study.levels, level)) changes.level = level;
  const unit = study.levels[changes.level || state.level].code.indexOf(wanted.get("unit"));
  changes.unit = unit < 0 ? null : unit;
  const facility = study.facilities.id.indexOf(wanted.get("facility"));
  changes.facility = facility < 0 ? null : facility;
  if (wanted.has("layers")) {
    const letters = wanted.get("layers");
    changes.layers = Object.fromEntries(Object.entries(LAYER_LETTERS).map(([layer, letter]) => [layer, letters.includes(letter)]));
  }
  const sort = wanted.get("sort") || "";
  if (COLUMNS.some(({ key }) => key === sort.replace("-", ""))) {
    changes.sort = { column: sort.replace("-", ""), descending: sort.startsWith("-") };
  }
  // "view=board" alone is short for the whole board.
  const board = wanted.has("board") ? wanted.get("board") : wanted.get("view") === "board" ? "" : null;
  changes.board = Boolean(study.board) && (board !== null || !study.rules.length);
  changes.statuses = BOARD_STATUSES.filter((status) => (board || "").split(",").includes(status));
  return { changes, view: readView(wanted.get("view")) };
}

function readView(text) {
  const parts = (text || "").split(",").map(Number);
  return text && parts.length === 3 && parts.every(Number.isFinite) ? parts : null;
}

function writeFragment() {
  const wanted = new URLSearchParams({ rule: state.rule, level: state.level, lang: state.language });
  if (state.unit !== null) wanted.set("unit", study.levels[state.level].code[state.unit]);
  if (state.facility !== null) wanted.set("facility", study.facilities.id[state.facility]);
  wanted.set("layers", Object.entries(LAYER_LETTERS).filter(([layer]) => state.layers[layer]).map(([, letter]) => letter).join(""));
  wanted.set("sort", `${state.sort.descending ? "-" : ""}${state.sort.column}`);
  if (state.board) wanted.set("board", state.statuses.join(",") || "all");
  const { lat, lng } = map.getCenter();
  wanted.set("view", `${lat.toFixed(5)},${lng.toFixed(5)},${map.getZoom()}`);
  written = `#${wanted}`;
  history.replaceState(null, "", written);
}

let written = "";

/** What follows from each part of the state. Where no rule was computed there is the board, and no map. */
function draw(changes) {
  const has = (...keys) => keys.some((key) => key in changes);
  if (has("language")) {
    fillMasthead();
    nameControls();
    fillNotes();
    fillSwitches();
    fillRules();
  }
  if (study.rules.length) drawMap(changes, has);
  if (has("board", "language")) showBoard();
  if (state.board && has("board", "language")) fillBoard();
  else if (state.board && has("statuses")) filterBoard();
  writeFragment();
}

/** The map of a rule and the panels beside it. */
function drawMap(changes, has) {
  if (has("level")) document.querySelector(`#level-switch input[value="${state.level}"]`).checked = true;
  if (has("rule")) document.querySelector(`#rule-list input[value="${state.rule}"]`).checked = true;
  if (has("language")) fillBandsSwitch();
  const bandsSwitched = changes.layers && changes.layers.bands !== Boolean(drawn.bands);
  if (has("language", "rule", "level") || bandsSwitched) fillLegend();
  if (has("language", "rule")) showClause();
  if (has("language", "rule")) fillLayers();
  if (has("layers")) tickLayers();
  if (has("rule", "level")) drawUnits();
  if (has("level")) drawBorders();
  if (has("rule") || (changes.layers && changes.layers.gaps !== Boolean(drawn.surface))) drawSurface();
  if (has("rule") || bandsSwitched) drawBands();
  if (has("rule", "layers")) drawFacilities();
  if (has("rule", "facility")) drawFacilityAreas();
  if (has("rule", "level", "layers", "language")) drawLabels();
  if (has("unit", "level")) drawChosen();
  if (has("language", "rule", "level", "sort")) fillTable();
  if (has("unit")) markChosenRow();
  showCard(state.unit);
}

function start() {
  const { changes, view } = readFragment();
  Object.assign(state, changes);
  addControls();
  if (view) map.setView([view[0], view[1]], view[2], { animate: false });
  else showDistrict();
  draw({ ...state, layers: state.layers });
  drawGraticule();
  setUpSearch();
  setUpBoard();
  document.getElementById("figures").hidden = !study.rules.length;
  whenChanged(draw);
  map.on("moveend", () => {
    drawGraticule();
    if (state.level === "village" && study.rules.length) drawLabels();
    writeFragment();
  });
  map.on("click", () => change({ unit: null, facility: null }));
  window.addEventListener("hashchange", () => {
    if (location.hash === written) return;
    const next = readFragment();
    change(next.changes);
    if (next.view) map.setView([next.view[0], next.view[1]], next.view[2], { animate: false });
  });
  document.getElementById("open-notes").addEventListener("click", () => document.getElementById("notes").showModal());
  document.getElementById("print").addEventListener("click", () => window.print());
  document.getElementById("download").addEventListener("click", downloadTable);
}

start();
