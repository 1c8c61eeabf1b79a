// What is chosen on the coverage page, its rules and their figures.

const state = {
  rule: study.rules.length ? study.rules[0].id : "",
  level: study.levels.township ? "township" : Object.keys(study.levels).find((level) => level !== "district"),
  unit: null, // index in the level, or null for the district
  facility: null,
  panel: "units", // what stands right of the map: units, gaps, sites or scenarios
  gap: null, // index among the gaps of the rule
  plan: null, // id of a plan, or null for the first of the rule
  site: null, // its order in the plan
  scenario: null, // id, or null for the first
  differing: null, // the indicator of the scenario that the map shows, or null for the first
  language: "zh",
  layers: { gaps: true, bands: false, serving: true, others: false, labels: true },
  sort: { column: "beyond", descending: true },
  board: false, // whether the monitoring board lies over the map
  statuses: [], // those the board shows; all where there are none
};

/** The panels that have something to show, of any rule. */
const PANELS = ["units", ...(study.gaps ? ["gaps"] : []), ...(study.plans ? ["sites"] : []), ...(study.scenarios ? ["scenarios"] : [])];

const RULES = new Map(study.rules.map((rule) => [rule.id, rule]));

function currentRule() {
  return RULES.get(state.rule);
}

function limitText(rule) {
  const unit = word(rule.limit_unit === "m" ? "metres" : "minutes");
  return `${nameOf(rule.mode_name)} ${rule.limit.toLocaleString("en")} ${unit}`;
}

// Figures

const SHARE_BREAKS = [0, 20, 40, 60, 80, 95, 100];
const SHARE_COLOURS = ["#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8", "#253494"]; // ColorBrewer YlGnBu
const UNREACHABLE = "unreachable";
const NO_FIGURE = "none";

/** One unit's figures for a rule; people of the three kinds add to `people`. */
function figuresOf(ruleId, level, index) {
  const columns = study.figures[ruleId][level];
  const people = columns.people[index];
  const covered = columns.covered[index];
  const known = people !== null && people > 0 && covered !== null;
  const unreachable = known ? columns.unreachable[index] || 0 : null;
  return {
    people,
    covered: known ? covered : null,
    unreachable,
    beyond: known ? Math.max(0, people - covered - unreachable) : null,
    share: known ? columns.share[index] : null,
    low: known ? columns.low[index] : null,
    high: known ? columns.high[index] : null,
    choice: known ? columns.choice[index] : null,
    status: columns.status[index],
    minutes: Object.fromEntries(Object.entries(columns.minutes).map(([part, means]) => [part, means[index]])),
    groups: columns.groups.map((group) => ({
      ...group, people: group.people[index], covered: group.covered[index], share: group.share[index],
    })),
  };
}

/** The class a unit is coloured by: an index of SHARE_COLOURS, UNREACHABLE or NO_FIGURE. */
function classOf(figures) {
  if (figures.share === null) return NO_FIGURE;
  if (figures.unreachable >= figures.people * (1 - 1e-9)) return UNREACHABLE;
  const above = SHARE_BREAKS.findIndex((limit) => figures.share < limit);
  return above < 0 ? SHARE_COLOURS.length - 1 : Math.max(0, above - 1);
}

function classColour(shareClass) {
  if (shareClass === NO_FIGURE) return "url(#hatch-none)";
  return shareClass === UNREACHABLE ? "url(#hatch-unreachable)" : SHARE_COLOURS[shareClass];
}

function isDark(shareClass) {
  return typeof shareClass === "number" && shareClass >= 4;
}

/** Mean minutes until help is there, and of a whole chain with its fixed parts; over the people who are reached. */
function minutesText(figures) {
  const shown = (minutes) => (minutes === null ? word("na") : `${minutes.toFixed(1)} ${word("minutes")}`);
  return Object.entries(figures.minutes).map(([part, minutes]) => `${word(`mean_${part}`)} ${shown(minutes)}`);
}

function rangeText(figures) {
  if (currentRule().limit_unit === "m") return "–"; // no speed changes a distance
  if (figures.low === null || figures.high === null) return word("na");
  return `${figures.low.toFixed(1)}–${figures.high.toFixed(1)}`;
}

function unitName(level, index) {
  if (level === "district" || index === null) return nameOf(study.district.name);
  return study.levels[level].name[index];
}

/** The three kinds of people as one bar. */
function peopleBar(figures) {
  const bar = element("div", "bar");
  bar.setAttribute("aria-hidden", "true");
  if (figures.share === null) return bar;
  for (const kind of ["covered", "beyond", "unreachable"]) {
    const part = element("span", `part ${kind}`);
    part.style.width = `${(100 * figures[kind]) / figures.people}%`;
    bar.append(part);
  }
  return bar;
}
