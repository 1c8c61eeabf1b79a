// The panel of a comparison: the figure of a unit by cause, all units, and what differs between the years.

const CAUSE_BAR = { width: 428, row: 23, label: 78, figure: 62 };

/** The parts of a difference as bars from a common zero, one a cause. */
function causeChart(figures, { unit, is_less_better: isLess }) {
  const parts = CAUSES.map((cause) => [cause, figures[cause === "residual" ? cause : `by_${cause}`]]);
  const all = [...parts.map(([, value]) => value || 0), figures.difference || 0];
  const low = Math.min(0, ...all);
  const span = Math.max(1e-9, Math.max(0, ...all) - low);
  const { width, row, label, figure } = CAUSE_BAR;
  const room = width - label - figure - 14;
  const x = (value) => label + (room * (value - low)) / span;
  const bars = [...parts, ["total", figures.difference]].flatMap(([cause, value], i) => {
    const y = i * row;
    const size = Math.abs(x(value || 0) - x(0));
    const className = cause === "total" ? "total" : betterOrWorse(value, isLess);
    return [svgElement("text", { x: 0, y: y + 15, class: cause === "total" ? "tick total" : "tick" }, word(cause === "total" ? "change" : `by_${cause}`)),
      svgElement("rect", { x: Math.min(x(value || 0), x(0)), y: y + 4, width: value ? Math.max(1.5, size) : 0, height: row - 9, class: className }),
      svgElement("text", { x: width, y: y + 15, class: cause === "total" ? "tick end total" : "tick end" }, value === null ? "–" : differenceText(value, unit, 2))];
  });
  const height = row * (parts.length + 1);
  const zero = svgElement("line", { x1: x(0), x2: x(0), y1: 0, y2: height, class: "zero" });
  const rule = svgElement("line", { x1: 0, x2: width, y1: height - row, y2: height - row, class: "grid" });
  const chart = svgElement("svg", { viewBox: `0 0 ${width} ${height}`, class: "cause-chart", role: "img" }, rule, ...bars, zero);
  chart.setAttribute("aria-label", word("by_cause"));
  return chart;
}

/** People covered, from the earlier year to the later. */
function peopleEquation(figures) {
  if (figures.covered_from === null || figures.covered_to === null) return "";
  const term = (sign, people, key) => element("span", `term ${key}`, sign && `${sign} `, element("b", "", peopleText(people)), element("small", "", word(key)));
  const moved = figures.moved || 0;
  return element("div", "equation", term("", figures.covered_from, "covered_then"), term("+", figures.newly_covered, "newly_covered"),
    term("−", figures.newly_lost, "newly_lost"), term(moved < 0 ? "−" : "+", Math.abs(moved), "moved_people"), term("=", figures.covered_to, "covered_now"));
}

/** A figure large, its unit small beside it. */
function bigFigure(value, unit) {
  if (value === null || unit === "%") return [valueText(value, unit)];
  return [numberText(value, unit), element("small", "", ` ${unitText(unit)}`)];
}

function changeHead() {
  const indicator = currentIndicator();
  const index = state.unit;
  const figures = index === null ? districtChange() : changeOf(state.level, index);
  const place = index === null ? nameOf(study.district.name) : study.levels[state.level].name[index];
  const heading = element("h2", "", place, element("small", "", nameOf(indicator)));
  if (index !== null) heading.append(closeUnit());
  if (!figures) return element("div", "plan-head", heading, element("p", "nothing", word("no_rows_of_level")));
  const isSplit = figures.by_facilities !== null;
  return element("div", "plan-head", heading,
    element("p", "plan-figures", element("span", "", element("small", "", `${FIRST} `), bigFigure(figures.value_from, indicator.unit)[0]), element("span", "arrow", "→"),
      element("strong", "", element("small", "", `${SECOND} `), ...bigFigure(figures.value_to, indicator.unit)),
      element("span", `difference ${betterOrWorse(figures.difference, indicator.is_less_better)}`, differenceText(figures.difference, indicator.unit, 2),
        element("small", "", ` ${unitOfDifference(indicator.unit)}`))),
    peopleEquation(figures),
    element("h3", "", word("by_cause")),
    isSplit ? causeChart(figures, indicator) : element("p", "nothing", figures.difference === null ? indicator.why || word("one_year_only") : word("not_split")));
}

function closeUnit() {
  const close = element("button", "close", "×");
  close.type = "button";
  close.setAttribute("aria-label", word("whole_district"));
  close.title = word("whole_district");
  close.addEventListener("click", () => change({ unit: null }));
  return close;
}

/** Whose cover changed is told of rules. */
function turnedColumns() {
  return currentIndicator().is_rule ? ["newly_covered", "newly_lost"] : [];
}

function changeRow(name, figures, unit, index) {
  const cell = (value) => element("td", "number", value === null ? "–" : differenceText(value, unit));
  const colour = swatch(index === null ? "#fff" : changeColour(figures.difference, changeBreaks(), currentIndicator().is_less_better));
  const button = element("button", "", ...(index === null ? [] : [colour, " "]), name);
  button.type = "button";
  const head = element("th", "site", button);
  head.scope = "row";
  const line = element("tr", index !== null && index === state.unit ? "chosen" : index === null ? "total" : "", head,
    element("td", "number", element("b", "", differenceText(figures.difference, unit))),
    ...CAUSES.map((cause) => cell(figures[cause === "residual" ? cause : `by_${cause}`])),
    ...turnedColumns().map((key) => element("td", "number", figures[key] === null ? "–" : peopleText(figures[key]))));
  line.addEventListener("click", () => (index === null ? change({ unit: null }) : chooseUnit(index)));
  return line;
}

/** Units by cause, those that changed most first; the district at the foot. */
function changeTable() {
  const columns = currentIndicator().levels[state.level];
  const { unit } = currentIndicator();
  const units = study.levels[state.level];
  if (!columns) return element("p", "nothing", word("no_rows_of_level"));
  const rows = units.name.map((name, index) => [name, changeOf(state.level, index), index]).filter(([, figures]) => figures.value_to !== null || figures.value_from !== null)
    .sort(([, one], [, other]) => Math.abs(other.difference || 0) - Math.abs(one.difference || 0));
  const heads = [element("th", "site", word("name")), ...["change", ...CAUSES.map((cause) => `by_${cause}`), ...turnedColumns()]
    .map((key) => element("th", "number", word(key)))];
  const district = districtChange();
  return element("div", "table-scroll", element("table", "list-table changes", element("thead", "", element("tr", "", ...heads)),
    element("tbody", "", ...rows.map(([name, figures, index]) => changeRow(name, figures, unit, index))),
    element("tfoot", "", ...(district ? [changeRow(word("total"), district, unit, null)] : []))));
}

// What differs

function listed(key, items) {
  return items.length ? [element("dt", "", `${word(key)} ${items.length}`), element("dd", "", ...items)] : [];
}

function facilityItem(one) {
  const kind = nameOf(study.kinds[one.kind] || { zh: one.kind });
  if (!one.point) return element("span", "fact", `${one.name} `, element("small", "", kind));
  const button = element("button", "fact", `${one.name} `, element("small", "", kind));
  button.type = "button";
  button.addEventListener("click", () => map.setView(one.point, Math.max(14, map.getZoom()), { animate: false }));
  return button;
}

function streetItem(name, what) {
  const paths = streetPaths(study.changed.streets[what]);
  if (!paths.length) return element("span", "fact", name);
  const button = element("button", "fact", name);
  button.type = "button";
  button.addEventListener("click", () => map.fitBounds(L.latLngBounds(paths.flat()), { padding: [50, 50], maxZoom: 15, animate: false }));
  return button;
}

function differList() {
  const { facilities, roads, people, is_people: isPeople, rules } = study.changed;
  const [before, now] = people;
  const ruleItems = rules.map(({ rule, from, to }) => element("span", "fact", `${nameOf(INDICATORS.get(rule) || { zh: rule })}：${from} → ${to}`));
  const parts = ["opened", "closed"].flatMap((what) => [...listed(`facilities_${what}`, facilities[what].map(facilityItem)),
    ...listed(`roads_${what}`, roads[what].map((name) => streetItem(name, what)))]);
  return element("dl", "facts", ...parts, ...listed("rules_changed", ruleItems),
    element("dt", "", word("people")), element("dd", "", `${peopleText(before)} → ${peopleText(now)} ${word(isPeople ? "people_spread_otherwise" : "people_the_same")}`));
}

function fillChanges() {
  fill("panel-beside", changeHead(), element("h3", "", `${word("change_by_unit")} · ${word(state.level)}`), changeTable(),
    element("h3", "", word("what_differs")), differList(), element("p", "hint-line", word("shapley")));
}
