// The page of two years compared: its list of indicators, and what each change draws again.

function indicatorRow(indicator) {
  const input = element("input");
  Object.assign(input, { type: "radio", name: "rule", value: indicator.id, checked: indicator.id === state.rule });
  input.addEventListener("change", () => change({ rule: indicator.id }));
  const figures = districtChange(indicator);
  const difference = figures ? figures.difference : null;
  return element("label", "rule", input, element("span", "label", nameOf(indicator)), element("span", `value ${betterOrWorse(difference, indicator.is_less_better)}`, differenceText(difference, indicator.unit)));
}

function fillIndicators() {
  document.getElementById("list-title").textContent = word("indicators");
  const rows = [];
  let heading = null;
  for (const indicator of study.indicators) {
    const district = districtChange(indicator);
    const own = indicator.is_rule ? nameOf(indicator.policy)
      : word(district && district.difference ? "other_indicators" : "unchanged_indicators");
    if (own !== heading) rows.push(element("p", "policy", own));
    heading = own;
    rows.push(indicatorRow(indicator));
  }
  const list = fill("rule-list", ...rows);
  list.setAttribute("aria-label", word("indicators"));
}

function readPage(wanted) {
  return INDICATORS.has(wanted.get("rule")) ? { rule: wanted.get("rule") } : {};
}

function fillFrame() {
  const { name } = study.district;
  showTitle({
    zh: `${name.zh} ${FIRST}–${SECOND} 年${study.words.compare_title.zh}`, en: `${name.en} ${FIRST}–${SECOND}: ${study.words.compare_title.en}`,
  });
  showCredit("", `${FIRST}–${SECOND}`);
  nameControls();
  fillLevelSwitch();
  fillLanguageSwitch();
  fillIndicators();
}

function draw(changes) {
  const has = (...keys) => keys.some((key) => key in changes);
  if (has("language")) fillFrame();
  if (!study.indicators.length) return;
  if (has("language", "rule", "level")) fillChangeLegend();
  if (has("language", "rule")) fillChangeLayers();
  if (has("layers")) tickLayers();
  if (has("level")) drawBorders();
  if (has("language", "rule", "level")) drawChanges();
  if (has("rule", "layers")) drawTurned();
  if (has("rule", "layers", "language")) drawDiffering();
  if (has("rule", "layers")) drawFacilities();
  if (has("rule", "level", "layers")) drawChangeNames();
  if (has("level", "unit")) drawChosen();
  if (has("language", "rule", "level", "unit")) fillChanges();
  if (has("rule", "language")) showChosenRule();
}

startPage({ readPage, draw, redraw: drawChangeNames, ownFragment: () => ({ rule: state.rule }) });
