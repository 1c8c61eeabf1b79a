"use strict";
// What the page knows, what is chosen, and how figures are written. Everything from data goes in by textContent.

const study = JSON.parse(document.getElementById("study").textContent);

const state = {
  rule: study.rules.length ? study.rules[0].id : "",
  level: study.levels.township ? "township" : Object.keys(study.levels).find((level) => level !== "district"),
  unit: null, // index in the level, or null for the district
  facility: null,
  language: "zh",
  layers: { gaps: true, bands: false, serving: true, others: false, labels: true },
  sort: { column: "beyond", descending: true },
  board: false, // whether the monitoring board lies over the map
  statuses: [], // those the board shows; all where there are none
};

const listeners = [];

/** Call `listener(changes)` after every change of the state. */
function whenChanged(listener) {
  listeners.push(listener);
}

/** Change the state; what is chosen of one rule or level does not stay chosen in another. */
function change(changes) {
  if (changes.level && changes.level !== state.level && !("unit" in changes)) changes = { ...changes, unit: null };
  Object.assign(state, changes);
  for (const listener of listeners) listener(changes);
}

// Words

function word(key) {
  const entry = study.words[key];
  return entry ? entry[state.language] : key;
}

/** The name in the language of the page. */
function nameOf(label) {
  return label[state.language] || label.zh;
}

const RULES = new Map(study.rules.map((rule) => [rule.id, rule]));

function currentRule() {
  return RULES.get(state.rule);
}

/** The facilities that serve a rule, and those that its chain ends at. */
function facilitiesOf(ruleId) {
  const { facility, onward } = study.facilities.serving[ruleId] || { facility: [], onward: [] };
  return new Set([...facility, ...onward]);
}

function limitText(rule) {
  const unit = word(rule.limit_unit === "m" ? "metres" : "minutes");
  return `${nameOf(rule.mode_name)} ${rule.limit.toLocaleString("en")} ${unit}`;
}

// Elements

/** An element with a class and a text; what is a string or number is always text, never markup. */
function element(tag, className = "", ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content.map((part) => (part instanceof Node ? part : String(part))));
  return made;
}

function fill(id, ...content) {
  const node = document.getElementById(id);
  node.replaceChildren(...content);
  return node;
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

/** People as a whole number; a few who are less than one person stand as "<1", never as nobody. */
function peopleText(people) {
  if (people === null || people === undefined) return word("na");
  if (people > 0 && people < 0.5) return "<1";
  return Math.round(people).toLocaleString("en");
}

/** A share in percent. What is not quite all or not quite nothing never rounds to it. */
function shareText(share) {
  if (share === null || share === undefined) return word("na");
  if (share > 99.95 && share < 100) return ">99.9%";
  if (share > 0 && share < 0.05) return "<0.1%";
  return `${share.toFixed(1)}%`;
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
