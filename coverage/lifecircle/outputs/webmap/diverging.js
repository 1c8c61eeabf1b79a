// Differences: their signs, and the colours of what rose and what fell.

// ColorBrewer RdBu: red is worse, blue is better, white is as it was.
const CHANGE_COLOURS = ["#b2182b", "#ef8a62", "#fddbc7", "#f7f7f7", "#d1e5f0", "#67a9cf", "#2166ac"];
// ColorBrewer PuOr: orange has fallen, purple has risen, and which is better is not stated.
const UNJUDGED_COLOURS = ["#b35806", "#f1a340", "#fee0b6", "#f7f7f7", "#d8daeb", "#998ec3", "#542788"];
const PP_BREAKS = [0.05, 2, 10];

/** Three limits of the classes, the same up and down: percentage points, or parts of the greatest difference. */
function breaksOfChange(unit, differences) {
  if (unit === "%") return PP_BREAKS;
  const greatest = Math.max(0, ...differences.map((value) => Math.abs(value || 0)));
  return [0.001, 0.2, 0.6].map((part) => Number((part * (greatest || 1)).toPrecision(1)));
}

/** The place of a difference in CHANGE_COLOURS; null where there is none. */
function classOfChange(difference, breaks) {
  if (difference === null || difference === undefined) return null;
  const size = breaks.filter((limit) => Math.abs(difference) >= limit).length;
  return 3 + Math.sign(difference) * size;
}

/** Of a figure that is the better the less it is, what fell is blue; where nothing says which way is better, neither red nor blue. */
function placeColour(place, isLess) {
  if (place === null) return "url(#hatch-none)";
  if (isLess === null) return UNJUDGED_COLOURS[place];
  return CHANGE_COLOURS[isLess ? CHANGE_COLOURS.length - 1 - place : place];
}

function changeColour(difference, breaks, isLess) {
  return placeColour(classOfChange(difference, breaks), isLess);
}

/** Whether a difference is for the better, as a class of the page's styles. */
function betterOrWorse(difference, isLess) {
  if (!difference) return "same";
  if (isLess === null) return difference > 0 ? "risen" : "fallen";
  return difference > 0 === !isLess ? "better" : "worse";
}

/** A difference with its sign: percentage points, or the indicator's own unit. */
function differenceText(value, unit, digits = 1) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  const sign = value > 0 ? "+" : "−";
  const size = Math.abs(value);
  if (unit !== "%") return `${sign}${numberText(size, unit)}`;
  const least = 0.5 / 10 ** digits;
  return size < least ? `${sign}<${(2 * least).toFixed(digits)}` : `${sign}${size.toFixed(digits)}`;
}

function unitOfDifference(unit) {
  return unit === "%" ? word("unit_pp") : unitText(unit);
}

/** Classes of change with how many units are in each. */
function fillDivergingLegend({ unit, is_less_better: isLess }, breaks, differences) {
  const [none, some, much] = breaks.map((limit) => numberText(limit));
  const ranges = [`≤ −${much}`, `−${much} – −${some}`, `−${some} – −${none}`, word("as_it_was"), `+${none} – +${some}`, `+${some} – +${much}`, `≥ +${much}`];
  const counts = new Map();
  for (const difference of differences) {
    const place = classOfChange(difference, breaks);
    counts.set(place, (counts.get(place) || 0) + 1);
  }
  const row = (place, colour, text) => {
    const name = element("th", "", text);
    name.scope = "row";
    return element("tr", counts.get(place) ? "" : "empty", element("td", "", swatch(colour)), name, element("td", "number", counts.get(place) || 0));
  };
  fill("legend-title", `${word("change")}${inBrackets(unitOfDifference(unit) || word("figure"))}`);
  fill("legend-coverage", element("tr", "", element("td"), element("td", "", ""), element("td", "number", word("units_short"))),
    ...ranges.map((text, place) => row(place, placeColour(place, isLess), text)).reverse(),
    ...(counts.get(null) ? [row(null, placeColour(null, isLess), word("no_figure"))] : []));
  document.getElementById("legend-note").textContent = word(isLess === null ? "risen_fallen" : "better_worse");
}
