// The panels beside the map: rules, legend, layers, the card of a unit or facility, the clause.

function fillSwitches() {
  fillLevelSwitch();
  fillSwitch("panel-switch", word("panel"), "panel", PANELS.map((panel) => [panel, word(`panel_${panel}`)]), state.panel,
    (panel) => change({ panel, facility: null }));
  fillLanguageSwitch();
}

/** On the page's face: the time of day and what is closed, a few by name; the notes have all. */
function closedNote() {
  const { at, closed } = study.links;
  const names = closed.slice(0, 3).map((closure) => closure.name).join("、") + (closed.length > 3 ? ` +${closed.length - 3}` : "");
  return [at && `${word("at")} ${at} · `, closed.length && `${word("closed")}：${names} · `].filter(Boolean).join("");
}

function fillMasthead() {
  const { name, year } = study.district;
  showTitle({ zh: `${name.zh} ${year} 年${study.words.title.zh}`, en: `${name.en} ${year}: ${study.words.title.en}` });
  document.getElementById("search").placeholder = word("search");
  document.getElementById("search").setAttribute("aria-label", word("search"));
  showCredit(closedNote(), year);
}

function fillRules() {
  const list = document.getElementById("rule-list");
  list.setAttribute("aria-label", word("rules"));
  const rows = [];
  let policy = null;
  for (const rule of study.rules) {
    if (nameOf(rule.policy) !== policy) {
      policy = nameOf(rule.policy);
      rows.push(element("p", "policy", policy));
    }
    const input = element("input");
    Object.assign(input, { type: "radio", name: "rule", value: rule.id, checked: rule.id === state.rule });
    input.addEventListener("change", () => change({ rule: rule.id, facility: null, gap: null, site: null, ...differingOf(rule.id) }));
    const figures = figuresOf(rule.id, "district", 0);
    rows.push(element(
      "label", "rule", input,
      element("span", "label", nameOf(rule.name)), element("span", "value", shareText(figures.share)),
      element("span", "limit", limitText(rule)), peopleBar(figures),
    ));
  }
  if (study.not_computed.length) rows.push(element("p", "policy", word("not_computed")));
  for (const { id, why } of study.not_computed) rows.push(element("p", "not-computed", element("b", "", id), ` ${why}`));
  list.replaceChildren(...rows);
}

/** The legend follows what the map shows. */
function fillLegend() {
  if (hasGapView()) return fillGapLegend();
  if (hasSitesView()) return fillSitesLegend();
  if (hasScenarioView()) return fillDifferenceLegend();
  return fillCoverageLegend();
}

/** Classes with their limits, units and people. */
function fillCoverageLegend() {
  const totals = new Map([...SHARE_COLOURS.keys(), UNREACHABLE, NO_FIGURE].map((key) => [key, { units: 0, people: 0 }]));
  const units = study.levels[state.level];
  units.code.forEach((_, index) => {
    const figures = figuresOf(state.rule, state.level, index);
    const total = totals.get(classOf(figures));
    total.units += 1;
    total.people += figures.people || 0;
  });
  const rule = currentRule();
  document.getElementById("legend-note").textContent = hasBands() ? bandsNote() : "";
  if (hasBands()) {
    fill("legend-title", `${word("layer_bands")} · ${limitText(rule)}`);
    fill("legend-coverage", ...bandRows());
    return;
  }
  fill("legend-title", `${word("coverage_legend")} · ${limitText(rule)}`);
  const row = (key, label) => {
    const { units: count, people } = totals.get(key);
    const line = element(
      "tr", count ? "" : "empty", element("td", "", swatch(classColour(key))), element("th", "", label),
      element("td", "number", `${count}`), element("td", "number", key === NO_FIGURE && !people ? word("na") : peopleText(people)),
    );
    line.firstChild.nextSibling.scope = "row";
    return line;
  };
  const head = element("tr", "", element("td"), element("td", "", "%"), element("td", "number", word("units_short")),
    element("td", "number", word("people_unit")));
  const classes = [...SHARE_COLOURS.keys()].reverse().map((key) => row(key, `${SHARE_BREAKS[key]}–${SHARE_BREAKS[key + 1]}`));
  fill("legend-coverage", head, ...classes, row(UNREACHABLE, word("all_unreachable")), row(NO_FIGURE, word("no_figure")));
}

/** People per cell in classes, once for those beyond the limit, once for those cut off. */
function gapLegend() {
  const { breaks, beyond, unreachable, people, points } = study.surfaces;
  const sums = people[state.rule];
  const ranges = rangesOf(breaks);
  const line = (name, cells) => element("tr", "", element("th", "", name), ...cells);
  const swatches = (colours, start) => colours.map((colour, i) => {
    const cell = element("td", "class", peopleText(sums[start + i]));
    cell.style.background = colour;
    if (i >= 2) cell.classList.add("on-dark");
    return cell;
  });
  const unit = points ? word("per_point") : word("per_cell");
  const left = points ? points[state.rule].left_out : 0;
  const table = element(
    "table", "gap-legend", line(unit, ranges.map((range) => element("td", "", range))),
    line(word("beyond"), swatches(beyond, 0)), line(word("unreachable"), swatches(unreachable, beyond.length)),
  );
  return left ? element("div", "", table, element("p", "hint-line", `${left.toLocaleString("en")} ${word("points_left_out")}`)) : table;
}

function fillLayers() {
  const surface = hasSitesView() ? toggle("gaps", word("sites_legend")) : toggle("gaps", word("layer_gaps"), gapLegend());
  fill("layers", ...(hasGapView() || hasScenarioView() ? [] : [surface]), toggle("serving", word("layer_serving"), kindLegend()),
    toggle("others", word("layer_others")), toggle("labels", word("layer_labels")));
}

// The card

function figureLine(kind, label, people, total) {
  const share = total > 0 && people !== null ? shareText((100 * people) / total) : word("na");
  return element("tr", kind, element("td", "", element("span", `part ${kind}`)), element("th", "", label),
    element("td", "number", peopleText(people)), element("td", "number", share));
}

/** Show a unit's figures, or the district's where `index` is null. A chosen facility stays until another choice. */
function showCard(index) {
  if (state.facility !== null) return showFacility(state.facility);
  if (hasChosenGap()) return showGap(state.gap);
  const level = index === null ? "district" : state.level;
  const figures = figuresOf(state.rule, level, index === null ? 0 : index);
  const parent = index !== null && level === "village" ? study.levels.village.parent[index] : null;
  const heading = element("h2", "", unitName(level, index),
    element("small", "", parent === null ? word(level) : study.levels.township.name[parent]));
  const range = figures.low === null || currentRule().limit_unit === "m" ? "" : `${word("range")} ${rangeText(figures)}%`;
  const big = element("div", "big", element("strong", "", shareText(figures.share)), element("span", "", range));
  const people = element("p", "of", `${peopleText(figures.covered)} / ${peopleText(figures.people)} ${word("people_unit")}`);
  const lines = element(
    "table", "parts", figureLine("covered", word("covered_long"), figures.covered, figures.people),
    figureLine("beyond", word("beyond_long"), figures.beyond, figures.people),
    figureLine("unreachable", word("unreachable_long"), figures.unreachable, figures.people),
  );
  const notes = figures.groups.map((group) => element("span", "group", groupText(group)));
  notes.unshift(...minutesText(figures).map((text) => element("span", "group", text)));
  if (figures.choice !== null) {
    notes.push(element("span", "group", `${word("choice")} ${shareText((100 * figures.choice) / figures.people)}（${peopleText(figures.choice)}）`));
  }
  if (currentRule().target) notes.unshift(element("span", "target", targetText(currentRule(), figures.status)));
  return fill("card", heading, element("div", "columns", element("div", "", big, people), lines), peopleBar(figures),
    element("p", "more", ...notes));
}

/** A figure beside the coverage. Of how many it is a share stands behind it; a mean is no part of anybody. */
function groupText(group) {
  const name = state.language === "zh" ? group.zh : group.en;
  const of = group.unit === "%" ? inBrackets(`${peopleText(group.covered)} / ${peopleText(group.people)}`) : "";
  return `${name} ${valueText(group.share, group.unit)}${of}`;
}

const STATUS_WORDS = { 提前: "ahead", 如期: "on_schedule", 滞后: "behind", 推进中: "under_way", 未达标: "missed", 缺数据: "not_known", 无目标: "no_target" };

function targetText(rule, status) {
  const { kind, share, year } = rule.target;
  const when = state.language === "zh" ? `${year} 年` : `${word("by_year")} ${year}`;
  const state_ = status ? `：${STATUS_WORDS[status] ? word(STATUS_WORDS[status]) : status}` : "";
  return `${word("target")} ${when} ${word(kind)} ${share}%${state_}`;
}

/** A cross that takes back a choice. */
function closeButton(changes) {
  const close = element("button", "close", "×");
  close.type = "button";
  close.setAttribute("aria-label", word("close"));
  close.addEventListener("click", () => change(changes));
  return close;
}

function showFacility(index) {
  const { facilities, kinds } = study;
  const serving = facilities.serving[state.rule];
  const place = serving.facility.indexOf(index);
  const kind = kinds[facilities.kind[index]];
  const dot = element("span", "dot");
  dot.style.background = kind.colour;
  const heading = element("h2", "", facilities.name[index] || facilities.id[index],
    element("small", "", dot, nameOf(kind), facilities.is_inside[index] ? "" : ` · ${word("outside")}`,
      facilities.is_used[index] ? "" : ` · ${word("set_aside")}`));
  const line = (label, text) => element("tr", "", element("th", "", label), element("td", "number", text));
  const end = serving.onward.indexOf(index);
  const taken = end < 0 ? [] : [line(word("people_taken"), peopleText(serving.people_taken[end]))];
  const rows = place < 0 ? [] : [
    line(word("people_within"), peopleText(serving.people_within[place])),
    line(word("people_nearest"), peopleText(serving.people_nearest[place])),
    line(word("access"), serving.access_m[place] === null ? word("unreachable") : `${serving.access_m[place].toFixed(0)} m`),
  ];
  return fill("card", closeButton({ facility: null }), heading, element("table", "parts facility", ...rows, ...taken,
    ...(rows.length + taken.length ? [] : [line(word("not_of_rule"), "")])), currentAreas() ? facilityAreasLegend() : "",
    element("p", "more", facilities.id[index]));
}

/** The clause behind the rule: what it says, where, and how it was read. */
function showClause() {
  const rule = currentRule();
  const entry = (key, text, className = "") => (text
    ? [element("dt", "", word(key)), element("dd", className, text)] : []);
  const quote = rule.quote ? `“${rule.quote}”` : "";
  fill("clause", element("dl", "", ...entry("clause", [rule.clause, quote].filter(Boolean).join(" "), "quote"),
    ...entry("source", rule.source), ...entry("assumption", rule.assumption)));
}
