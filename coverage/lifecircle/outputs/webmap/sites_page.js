// The page of one answer to where to build: the map, the legend, and the panel of the plan.

const state = {
  rule: study.plans.plans[0].rule,
  plan: study.plans.plans[0].id,
  panel: "sites",
  site: null,
  level: study.levels.township ? "township" : Object.keys(study.levels).find((level) => level !== "district"),
  unit: null,
  facility: null,
  language: "zh",
  layers: { surface: true, serving: true, others: false, labels: true },
};
const LAYER_LETTERS = { surface: "g", serving: "f", others: "o", labels: "n" };

document.getElementById("panel-beside").append(element("div", ""));
document.getElementById("panel-beside").firstChild.id = "sites-panel";

function readPage(wanted) {
  const site = Number(wanted.get("site"));
  return { site: currentPlan().sites.some(({ order }) => order === site) ? site : null };
}

function drawUnitsOfPlan() {
  const { people, before, after } = currentPlan().units[state.level] || { people: [], before: [], after: [] };
  drawUnitsBy(() => "#fbfbf8", (index) => (people[index] > 0
    ? `${shareText(percentOf(before[index], people[index]))} → ${shareText(percentOf(after[index], people[index]))}` : ""), () => {});
}

function draw(changes) {
  const has = (...keys) => keys.some((key) => key in changes);
  if (has("language")) {
    const { name, year } = study.district;
    showTitle({ zh: `${name.zh} ${year} 年${study.words.sites_title.zh}`, en: `${name.en} ${year}: ${study.words.sites_title.en}` });
    showCredit("", year);
    nameControls();
    fillLevelSwitch();
    fillLanguageSwitch();
    fillSitesLegend();
    fill("layers", toggle("surface", word("sites_legend")), toggle("serving", word("layer_serving"), kindLegend()),
      toggle("others", word("layer_others")), toggle("labels", word("layer_labels")));
  }
  if (has("layers")) tickLayers();
  if (has("level")) drawBorders();
  if (has("level")) drawUnitsOfPlan();
  if (has("layers")) replaceLayer("surface", state.layers.surface ? cellLayer(study.plans.surfaces, state.plan) : null);
  if (has("layers")) drawFacilities();
  if (has("language", "site")) drawSites();
  if (has("level", "layers")) drawLabels(null);
  if (has("level", "unit")) drawChosen();
  if (has("language", "level", "unit")) fillSites();
  else if (has("site")) markChosenSite();
}

function start() {
  const hasView = readView(new URLSearchParams(location.hash.slice(1)).get("view"));
  startPage({ readPage, draw, redraw: () => drawLabels(null), ownFragment: () => ({ site: state.site }) });
  if (!hasView) showSites(currentPlan());
}

start();
