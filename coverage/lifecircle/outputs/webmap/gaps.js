// Gaps: where people are not covered and why, by cause on the map, ranked in the panel.

const GAP_DASHES = { too_far: null, cut_off: "7 3", full: "2 3", no_roads: "1 5" }; // apart without colour too
const GAPS_NUMBERED = 10;
const GAP_VIEW = { padding: [60, 60], maxZoom: 15, animate: false };

/** The gaps of the current rule, or nothing. */
function currentGaps() {
  return (study.gaps && study.gaps.rules[state.rule]) || null;
}

function hasGapView() {
  return state.panel === "gaps";
}

/** Whether one of the rule's gaps that are drawn is chosen. */
function hasChosenGap() {
  return hasGapView() && Boolean(currentGaps()) && state.gap !== null && state.gap < currentGaps().people.length;
}

function causeOf(index) {
  return study.gaps.causes[currentGaps().cause[index]];
}

function gapPoint(index) {
  const { point } = currentGaps();
  return [point[2 * index + 1] / 1e5, point[2 * index] / 1e5];
}

/** The outline, or a small circle where the gap is too small to be drawn. */
function gapShape(index, style) {
  const outline = currentGaps().outline[index];
  return outline.length ? L.polygon(decodePolygons(outline), style) : L.circleMarker(gapPoint(index), { ...style, radius: 4 });
}

function gapTitle(index) {
  const listed = currentGaps().listed[index];
  return listed ? nameOf(listed.name) : `${word("gap")} ${index + 1}`;
}

function drawGaps() {
  map.getContainer().classList.toggle("has-gaps", hasGapView());
  const gaps = hasGapView() ? currentGaps() : null;
  if (!gaps) return replaceLayer("gaps", null);
  const shapes = gaps.people.map((people, index) => {
    const cause = causeOf(index);
    const shape = gapShape(index, {
      pane: "gaps", className: `gap ${cause.id}`, color: cause.colour, weight: 1.8, dashArray: GAP_DASHES[cause.id],
      fillColor: cause.colour, fillOpacity: 0.42,
    });
    bindHint(shape, () => element("div", "", element("b", "", gapTitle(index)), ` ${peopleText(people)} ${word("people_unit")} · ${nameOf(cause)}`));
    shape.on("click", (event) => {
      L.DomEvent.stopPropagation(event);
      change({ gap: index, facility: null });
    });
    return shape;
  });
  // The largest below, so that none hides another.
  const numbers = gaps.people.slice(0, GAPS_NUMBERED).map((_, index) => placeLabel(gapPoint(index), gapNumber(index), { pane: "pins", className: "pin" }));
  return replaceLayer("gaps", L.layerGroup([...shapes, ...numbers.reverse()]));
}

/** The chosen gap, and the straight line from it to the facility that is nearest as the crow flies. */
function drawChosenGap() {
  if (!hasChosenGap()) return replaceLayer("chosenGap", null);
  const outline = currentGaps().outline[state.gap];
  const shape = outline.length ? outlineTwice(decodePolygons(outline)) : gapShape(state.gap, {
    pane: "chosen", color: "#111", weight: 3, fill: false, interactive: false,
  });
  const listed = currentGaps().listed[state.gap];
  const line = listed && listed.crow ? [gapPoint(state.gap), listed.crow] : [];
  return replaceLayer("chosenGap", L.layerGroup([shape, ...(line.length ? [
    L.polyline(line, { pane: "roads", interactive: false, color: "#fff", weight: 5, opacity: 0.9 }),
    L.polyline(line, { pane: "roads", interactive: false, color: "#111", weight: 2, dashArray: "7 5", className: "crow" }),
    L.circleMarker(listed.crow, { pane: "roads", interactive: false, color: "#111", weight: 2, radius: 9, fill: false }),
  ] : [])]));
}

/** The rank in the colour of the cause. */
function gapNumber(index) {
  const number = element("span", "number-pin", index + 1);
  number.style.background = causeOf(index).colour;
  return number;
}

function gapBounds(index) {
  const outline = currentGaps().outline[index];
  const listed = currentGaps().listed[index];
  const crow = listed && listed.crow ? [listed.crow] : [];
  return L.latLngBounds([...(outline.length ? decodePolygons(outline).flat(2) : [gapPoint(index)]), ...crow]);
}

/** Choose a gap and bring it into view. */
function chooseGap(index) {
  change({ gap: index, facility: null });
  map.fitBounds(gapBounds(index), GAP_VIEW);
}

// Legend: causes with their gaps and people

function causeSample(cause) {
  const sample = element("span", `outline cause ${cause.id}`);
  sample.style.borderColor = cause.colour;
  sample.style.backgroundColor = `${cause.colour}6b`;
  return sample;
}

function fillGapLegend() {
  const gaps = currentGaps();
  fill("legend-title", `${word("gaps_by_cause")} · ${limitText(currentRule())}`);
  const head = element("tr", "", element("td"), element("td", "", word("cause")), element("td", "number", word("gaps_short")),
    element("td", "number", countedText()));
  const rows = (study.gaps ? study.gaps.causes : []).map((cause, place) => {
    const [count, people] = gaps ? gaps.totals[place] : [0, 0];
    const name = element("th", "", nameOf(cause));
    name.scope = "row";
    name.title = word(`cause_${cause.id}`);
    return element("tr", count ? "" : "empty", element("td", "", causeSample(cause)), name, element("td", "number", count.toLocaleString("en")),
      element("td", "number", peopleText(people)));
  });
  fill("legend-coverage", head, ...rows);
  document.getElementById("legend-note").textContent = word("gaps_note");
}

/** Whom a gap's people are: everyone, or the group that the rule is about. */
function countedText() {
  const gaps = currentGaps();
  return `${word("people_unit")}${gaps && gaps.counted ? inBrackets(nameOf(gaps.counted)) : ""}`;
}

// The ranked list

function gapRow(index) {
  const gaps = currentGaps();
  const listed = gaps.listed[index];
  const cause = causeOf(index);
  const tag = element("span", "tag", nameOf(cause));
  tag.style.background = cause.colour;
  const button = element("button", "item",
    element("span", "item-head", gapNumber(index), element("b", "", nameOf(listed.name)),
      element("span", "number", element("b", "", peopleText(gaps.people[index])), ` ${countedText()}`)),
    element("span", "item-text", tag, nameOf(listed.evidence)),
    element("span", "item-work", element("span", "key", word("work")), nameOf(listed.work)));
  button.type = "button";
  button.dataset.gap = index;
  button.addEventListener("click", () => chooseGap(index));
  return element("li", "", button);
}

function fillGapList() {
  const gaps = currentGaps();
  if (!gaps) {
    fill("gap-list", element("li", "nothing", word("gaps_none")));
    fill("gap-more", "");
    return;
  }
  fill("gap-list", ...gaps.listed.map((_, index) => gapRow(index)));
  const count = gaps.totals.reduce((sum, [gapsOf]) => sum + gapsOf, 0);
  const rest = count - gaps.listed.length;
  const people = gaps.totals.reduce((sum, [, ofCause]) => sum + ofCause, 0) - gaps.people.slice(0, gaps.listed.length).reduce((a, b) => a + b, 0);
  fill("gap-more", rest > 0 ? `${word("gaps_more")} ${rest.toLocaleString("en")}${inBrackets(`${peopleText(Math.max(0, people))} ${word("people_unit")}`)}` : "");
  markChosenGap();
}

function markChosenGap() {
  for (const button of document.querySelectorAll("#gap-list .item")) {
    const isChosen = Number(button.dataset.gap) === state.gap;
    button.setAttribute("aria-pressed", String(isChosen));
    if (isChosen) button.scrollIntoView({ block: "nearest" });
  }
}

/** The card of a chosen gap; one that is not listed has its people and its cause only. */
function showGap(index) {
  const gaps = currentGaps();
  const listed = gaps.listed[index];
  const cause = causeOf(index);
  const tag = element("span", "tag", nameOf(cause));
  tag.style.background = cause.colour;
  const heading = element("h2", "", gapTitle(index), element("small", "", `${word("gap")} ${index + 1}`));
  const share = listed ? inBrackets(shareText(listed.share)) : "";
  const big = element("p", "gap-people", element("strong", "", peopleText(gaps.people[index])), ` ${countedText()}${share} `, tag,
    ` ${word(`cause_${cause.id}`)}`);
  if (!listed) return fill("card", closeButton({ gap: null }), heading, big);
  const groups = study.gaps.groups.map((group, place) => [group, listed.groups[place]]).filter(([, people]) => people > 0)
    .map(([group, people]) => element("span", "group", `${nameOf(group)} ${peopleText(people)}`));
  const others = Object.entries(listed.causes).map(([id, people]) => element("span", "group",
    `${nameOf(study.gaps.causes.find((one) => one.id === id))} ${peopleText(people)}`));
  if (listed.unreachable > 0) others.push(element("span", "group", `${word("unreachable")} ${peopleText(listed.unreachable)}`));
  return fill("card", closeButton({ gap: null }), heading, big, element("p", "evidence", nameOf(listed.evidence)),
    element("p", "evidence", element("span", "key", word("work")), element("b", "", nameOf(listed.work))),
    element("p", "more", ...groups, ...others));
}
