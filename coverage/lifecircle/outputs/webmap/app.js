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
  if (wanted.has("layers")) changes.layers = readLayers(wanted.get("layers"));
  changes.panel = PANELS.includes(wanted.get("panel")) ? wanted.get("panel") : "units";
  changes.gap = placeIn(wanted.get("gap"), -1);
  changes.plan = wanted.get("plan");
  changes.scenario = wanted.get("scenario");
  changes.differing = wanted.get("differing");
  changes.site = placeIn(wanted.get("site"), 0);
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

/** A count from 1 on as a number that much more; null where it is none. */
function placeIn(text, more) {
  return /^[1-9]\d*$/.test(text || "") ? Number(text) + more : null;
}

function writeFragment() {
  putFragment({
    rule: state.rule, level: state.level, lang: state.language,
    unit: state.unit === null ? null : study.levels[state.level].code[state.unit],
    facility: state.facility === null ? null : study.facilities.id[state.facility],
    layers: layerLetters(), sort: `${state.sort.descending ? "-" : ""}${state.sort.column}`,
    board: state.board ? state.statuses.join(",") || "all" : null,
    panel: state.panel === "units" ? null : state.panel,
    gap: hasGapView() && state.gap !== null ? state.gap + 1 : null,
    plan: hasSitesView() && currentPlan() ? currentPlan().id : null,
    site: hasSitesView() ? state.site : null,
    scenario: hasScenarioView() ? currentScenario().id : null,
    differing: hasScenarioView() && currentDifference() ? currentDifference().id : null,
    view: viewText(),
  });
}

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
  if (has("language", "panel")) fillBandsSwitch();
  if (has("panel")) showPanel();
  const bandsSwitched = changes.layers && hasBands() !== Boolean(drawn.bands);
  if (has("language", "rule", "level", "panel", "plan", "scenario", "differing") || bandsSwitched) fillLegend();
  if (has("language", "rule")) showClause();
  if (has("language", "rule", "panel")) fillLayers();
  if (has("layers")) tickLayers();
  if (has("rule", "level", "panel", "scenario", "differing", "language")) drawUnits();
  if (has("level")) drawBorders();
  if (has("rule", "panel", "plan") || (changes.layers && changes.layers.gaps !== Boolean(drawn.surface))) drawSurface();
  if (has("rule", "panel") || bandsSwitched) drawBands();
  if (has("rule", "layers")) drawFacilities();
  if (has("rule", "facility")) drawFacilityAreas();
  if (has("rule", "level", "layers", "language", "panel", "scenario", "differing")) drawUnitNames();
  if (has("unit", "level")) drawChosen();
  if (has("language", "rule", "level", "sort")) fillTable();
  if (has("unit")) markChosenRow();
  if (PANELS.includes("gaps")) drawGapView(has);
  if (PANELS.includes("sites")) drawSitesView(has);
  if (hasScenarioView() && has("language", "panel", "scenario", "differing", "level", "unit")) fillScenarios();
  showCard(state.unit);
  if (has("rule", "language", "panel")) showChosenRule();
}

function drawGapView(has) {
  if (has("language", "rule", "panel")) drawGaps();
  if (has("rule", "panel", "gap")) drawChosenGap();
  if (hasGapView() && has("language", "rule", "panel")) fillGapList();
  else if (has("gap")) markChosenGap();
}

function drawSitesView(has) {
  if (has("language", "rule", "panel", "plan", "site")) drawSites();
  if (hasSitesView() && has("language", "rule", "panel", "plan", "level", "unit")) fillSites();
  else if (has("site")) markChosenSite();
}

/** One of the panels right of the map; the clause stands beside the units, the card where a figure is chosen. */
function showPanel() {
  for (const panel of document.querySelectorAll(".figures .panel")) panel.hidden = panel.id !== `panel-${state.panel}`;
  document.getElementById("clause").hidden = state.panel !== "units";
  document.getElementById("card").hidden = ["sites", "scenarios"].includes(state.panel);
  document.querySelector(`#panel-switch input[value="${state.panel}"]`).checked = true;
  document.getElementById("panel-switch").hidden = PANELS.length < 2;
}

/** Where an address names a gap or a site and no view, the map goes there. */
function showWhatIsChosen() {
  showDistrict();
  if (!study.rules.length) return;
  const site = hasSitesView() && currentPlan() ? currentPlan().sites.find(({ order }) => order === state.site) : null;
  if (hasChosenGap()) map.fitBounds(gapBounds(state.gap), GAP_VIEW);
  else if (site) map.setView(site.point, SITE_ZOOM, { animate: false });
}

function start() {
  const { changes, view } = readFragment();
  Object.assign(state, changes);
  addControls();
  if (view) map.setView([view[0], view[1]], view[2], { animate: false });
  else showWhatIsChosen();
  draw({ ...state, layers: state.layers });
  drawGraticule();
  setUpSearch();
  setUpBoard();
  document.getElementById("figures").hidden = !study.rules.length;
  whenChanged(draw);
  map.on("moveend", () => {
    drawGraticule();
    if (state.level === "village" && study.rules.length) drawUnitNames();
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
