// Scenarios: what each changes, the figures that differ, and the units by the difference of the one chosen.

function allScenarios() {
  return study.scenarios || [];
}

function hasScenarioView() {
  return state.panel === "scenarios";
}

function currentScenario() {
  return allScenarios().find(({ id }) => id === state.scenario) || allScenarios()[0];
}

/** The indicator whose difference the map shows: the chosen one, else that which moves the most people. */
function currentDifference() {
  const { indicators } = currentScenario();
  return indicators.find(({ id }) => id === state.differing) || indicators[0] || null;
}

/** A rule chosen in the view of scenarios is what their map shows, where it differs. */
function differingOf(rule) {
  return hasScenarioView() && currentScenario().indicators.some(({ id }) => id === rule) ? { differing: rule } : {};
}

/** The rule that an indicator is of, or speaks beside (who can reach none), as a change: its facilities are then the map's. */
function ruleOf(indicator) {
  const rule = indicator ? indicator.id.replace(/-unreachable$/, "") : "";
  return RULES.has(rule) ? { rule, facility: null } : {};
}

/** What a unit has of the difference, by its place; nothing where it does not differ. */
function unitDifference(index) {
  const columns = currentDifference() && currentDifference().levels[state.level];
  const row = columns ? columns.unit.indexOf(index) : -1;
  if (row < 0) return null;
  return { base: columns.base[row], value: columns.value[row], difference: columns.difference[row], people: columns.people[row] };
}

function differenceBreaks() {
  const columns = currentDifference() && currentDifference().levels[state.level];
  return breaksOfChange(currentDifference() ? currentDifference().unit : "%", columns ? columns.difference : []);
}

function drawDifferences() {
  const breaks = differenceBreaks();
  drawUnitsBy((index) => {
    const own = unitDifference(index);
    return own ? changeColour(own.difference, breaks, currentDifference().is_less_better) : CHANGE_COLOURS[3];
  }, (index) => {
    const own = unitDifference(index);
    if (!own) return word("as_it_was");
    const { unit } = currentDifference();
    return `${valueText(own.base, unit)} → ${valueText(own.value, unit)}${inBrackets(differenceText(own.difference, unit))}`;
  }, () => {});
}

function differenceLabel(index) {
  const own = unitDifference(index);
  return own ? differenceText(own.difference, currentDifference().unit) : "0";
}

function fillDifferenceLegend() {
  const changed = currentDifference();
  const units = study.levels[state.level];
  fillDivergingLegend(changed || { unit: "%", is_less_better: false }, differenceBreaks(), units.code.map((_, index) => (unitDifference(index) || { difference: 0 }).difference));
  if (changed) document.getElementById("legend-note").prepend(element("b", "", nameOf(changed)), " ");
}

// The panel

function scenarioSwitch() {
  return element("div", "plan-switch", ...allScenarios().map((scenario) => {
    const button = element("button", "chip", nameOf(scenario), " ", element("small", "", scenario.indicators.length
      ? `${scenario.indicators.length} ${word("indicators_differ")}` : word("nothing_differs")));
    button.type = "button";
    button.setAttribute("aria-pressed", String(scenario === currentScenario()));
    button.addEventListener("click", () => change({ scenario: scenario.id, differing: null, ...ruleOf(scenario.indicators[0]) }));
    return button;
  }));
}

function whatText(scenario) {
  return scenario.what.map(({ key, names }) => element("span", "fact", element("span", "key", word(`if_${key}`)), names.map(nameOf).join(state.language === "zh" ? "、" : ", ")));
}

function statusChange({ base_status: before, status }) {
  if (before === status || !status) return "";
  return `${word(STATUS_WORDS[before]) || before} → ${word(STATUS_WORDS[status]) || status}`;
}

function peopleMoved(people) {
  if (people === null) return "–";
  return `${people > 0 ? "+" : people < 0 ? "−" : ""}${peopleText(Math.abs(people))}`;
}

/** What is said of the people beside a figure: how many are stranded, and whom a mean is over. */
function noteLines({ note }) {
  return note ? [element("small", "said", note)] : [];
}

function differenceRow(indicator) {
  const isShown = indicator === currentDifference();
  const button = element("button", "", nameOf(indicator));
  button.type = "button";
  button.setAttribute("aria-pressed", String(isShown));
  const name = element("th", "site wide", button, element("small", "", statusChange(indicator)), ...noteLines(indicator));
  name.scope = "row";
  const line = element("tr", `${isShown ? "chosen" : ""}${indicator.strands ? " strands" : ""}`, name, element("td", "number", valueText(indicator.base, indicator.unit)),
    element("td", "number", valueText(indicator.value, indicator.unit)), element("td", `number difference ${betterOrWorse(indicator.difference, indicator.is_less_better)}`, element("b", "", differenceText(indicator.difference, indicator.unit))),
    element("td", "number", peopleMoved(indicator.people)));
  line.addEventListener("click", () => change({ differing: indicator.id, ...ruleOf(indicator) }));
  return line;
}

function differenceHead(first) {
  const cells = [first, "if_base", "if_value", "change", "if_people"].map((key, i) => {
    const cell = element("th", i ? "number" : "site", word(key));
    cell.scope = "col";
    return cell;
  });
  return element("thead", "", element("tr", "", ...cells));
}

/** Units that differ, those for whom it is worst first: whom it hurts. */
function differingUnits() {
  const indicator = currentDifference();
  const units = study.levels[state.level];
  const rows = units.name.map((name, index) => ({ name, index, ...unitDifference(index) })).filter(({ difference }) => difference)
    .sort((one, other) => (indicator.is_less_better ? -1 : 1) * (one.difference - other.difference) || one.index - other.index);
  if (!rows.length) return element("p", "nothing", word("no_unit_differs"));
  return element("div", "table-scroll", element("table", "list-table", differenceHead("name"), element("tbody", "", ...rows.map((row) => {
    const button = element("button", "", swatch(changeColour(row.difference, differenceBreaks(), indicator.is_less_better)), " ", row.name);
    button.type = "button";
    const head = element("th", "site", button);
    head.scope = "row";
    const line = element("tr", row.index === state.unit ? "chosen" : "", head, element("td", "number", valueText(row.base, indicator.unit)),
      element("td", "number", valueText(row.value, indicator.unit)), element("td", `number difference ${betterOrWorse(row.difference, indicator.is_less_better)}`, element("b", "", differenceText(row.difference, indicator.unit))),
      element("td", "number", peopleMoved(row.people)));
    line.addEventListener("click", () => chooseUnit(row.index));
    return line;
  }))));
}

function fillScenarios() {
  const scenario = currentScenario();
  const head = element("div", "plan-head", element("h2", "", nameOf(scenario)), element("p", "facts", ...whatText(scenario)));
  if (!scenario.indicators.length) {
    return fill("scenarios-panel", scenarioSwitch(), head, element("p", "nothing", word("nothing_differs")));
  }
  return fill("scenarios-panel", scenarioSwitch(), head,
    element("h3", "", word("district_differs")),
    element("div", "table-scroll", element("table", "list-table", differenceHead("board_indicator"), element("tbody", "", ...scenario.indicators.map(differenceRow)))),
    element("h3", "", `${nameOf(currentDifference())} · ${word(state.level)}`), differingUnits(), element("p", "hint-line", word("if_note")));
}
