"use strict";
// What every page has: what it knows, what changes, words, elements and numbers. Everything from data goes in by textContent.

const study = JSON.parse(document.getElementById("study").textContent);

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

// Elements

/** An element with a class and a text; what is a string or number is always text, never markup. */
function element(tag, className = "", ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content.map((part) => (part instanceof Node ? part : String(part))));
  return made;
}

/** The same of a drawing. */
function svgElement(tag, attributes, ...content) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
}

function fill(id, ...content) {
  const node = document.getElementById(id);
  node.replaceChildren(...content);
  return node;
}

/** A box of a colour, or of a pattern where the colour is the address of one. */
function swatch(colour) {
  const box = element("span", "swatch");
  if (String(colour).startsWith("url")) box.classList.add(colour.includes("unreachable") ? "hatched" : "dotted");
  else box.style.background = colour;
  return box;
}

// Numbers

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

/** Classes of people per cell in words, from the limits between them. */
function rangesOf(breaks) {
  return [`<${breaks[0]}`, ...breaks.slice(1).map((upper, i) => `${breaks[i]}–${upper}`), `≥${breaks[breaks.length - 1]}`];
}

/** A unit in the page's language, part by part (m2/人); what the page has no word for stands as the entry writes it. */
function unitText(unit) {
  const parts = unit.split("/").map((part) => (study.words[`unit_${part}`] ? word(`unit_${part}`) : part));
  return state.language === "zh" ? parts.join("/") : parts.filter(Boolean).join(" per ");
}

/** A number as it is read, with the decimals of its unit where it has so many; whole from 1,000 on, else three digits; what is something
    never rounds to nothing. As `outputs/printed.py` has it. */
function numberText(value, unit = "") {
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 1000 || (study.digits.whole.includes(unit) && size > 0.5)) return Math.round(value).toLocaleString("en");
  if (study.digits.tenths.includes(unit) && size >= 0.05) return value.toFixed(1);
  return String(Number(value.toPrecision(3)));
}

function valueText(value, unit) {
  if (value === null) return "–";
  if (unit === "%") return shareText(value);
  return `${numberText(value, unit)} ${unitText(unit)}`.trim();
}

function inBrackets(text) {
  return state.language === "zh" ? `（${text}）` : ` (${text})`;
}
