// Sites: what to build in which order, the proof, the removal loss, the curve, and whom it brings within reach.

const SITE_ZOOM = 14;

function allPlans() {
  return study.plans ? study.plans.plans : [];
}

function currentPlan() {
  return allPlans().find(({ id, rule }) => id === state.plan && rule === state.rule) || allPlans().find(({ rule }) => rule === state.rule) || null;
}

function hasSitesView() {
  return state.panel === "sites";
}

/** What was asked, in words. */
function questionText({ objective, count, share, budget, floor }) {
  const parts = objective ? [nameOf(objective)] : [];
  if (share !== null) parts.push(`${word("ask_share")} ${numberText(share)}%`);
  if (count !== null) parts.push(`${word(objective ? "ask_at_most" : "ask_count")} ${count}`);
  if (budget !== null) parts.push(`${word("ask_budget")} ${budget.toLocaleString("en")} ${word("yuan")}`);
  if (floor !== null) parts.push(`${word("ask_floor")} ${numberText(floor)}%`);
  return parts.join(word("comma"));
}

/** So many sites. */
function sitesText(count) {
  return `${numberText(count)} ${count === 1 && state.language === "en" ? study.words.places_unit.one : word("places_unit")}`;
}

function percentOf(people, total) {
  return total > 0 ? (100 * people) / total : null;
}

// The map

/** A number in a drop that points to the place. */
function sitePin({ order }, isChosen) {
  return element("span", isChosen ? "site-pin chosen" : "site-pin", element("span", "", order));
}

function drawSites() {
  map.getContainer().classList.toggle("has-sites", hasSitesView());
  const plan = hasSitesView() ? currentPlan() : null;
  if (!plan) return replaceLayer("sites", null);
  const layers = plan.sites.flatMap((site) => {
    const pin = L.marker(site.point, {
      pane: "pins", keyboard: false, riseOnHover: true, zIndexOffset: -10 * site.order,
      icon: L.divIcon({ html: sitePin(site, site.order === state.site), className: "pin", iconSize: [26, 34], iconAnchor: [13, 34] }),
    });
    bindHint(pin, () => element("div", "", element("b", "", `${site.order}  ${site.name}`), ` +${peopleText(site.gained)} ${word("people_unit")} → ${shareText(site.share)}`));
    pin.on("click", (event) => {
      L.DomEvent.stopPropagation(event);
      change({ site: site.order });
    });
    const shape = site.shape ? [facilityLayer(site.shape, "#111", { pane: "facilities", renderer: facilityRenderer, faded: false })] : [];
    return [...shape, pin];
  });
  return replaceLayer("sites", L.layerGroup(layers));
}

function chooseSite(site) {
  change({ site: site.order });
  map.setView(site.point, Math.max(map.getZoom(), SITE_ZOOM), { animate: false });
}

/** The sites of a plan in view, with some room round them. */
function showSites(plan) {
  if (plan.sites.length) map.fitBounds(L.latLngBounds(plan.sites.map(({ point }) => point)).pad(0.1), { padding: [40, 50], maxZoom: 14, animate: false });
}

// The legend

function fillSitesLegend() {
  const plan = currentPlan();
  fill("legend-title", word("sites_legend"));
  document.getElementById("legend-note").textContent = "";
  if (!plan) return fill("legend-coverage");
  const { breaks, classes } = plan;
  const { colours } = study.plans.surfaces;
  const ranges = rangesOf(breaks);
  const total = (start) => classes.slice(start, start + 4).reduce((sum, people) => sum + people, 0);
  const strip = (start) => colours.slice(start, start + 4).map((colour, i) => {
    const cell = element("td", "class");
    cell.style.background = colour;
    cell.title = `${ranges[i]} ${word(study.plans.surfaces.points ? "per_point" : "per_cell")}: ${peopleText(classes[start + i])}`;
    return cell;
  });
  const line = (key, start) => element("tr", "", element("th", "", word(key)), ...strip(start), element("td", "number", peopleText(total(start))));
  const held = element("td", "class");
  held.colSpan = 4;
  held.style.background = colours[8];
  return fill("legend-coverage",
    element("tr", "", element("th", "", word(study.plans.surfaces.points ? "per_point" : "per_cell")), ...ranges.map((range) => element("td", "range", range)),
      element("td", "number", word("people_unit"))),
    line("newly_within", 0), line("still_uncovered", 4),
    element("tr", "", element("th", "", word("already_within")), held, element("td", "number", peopleText(classes[8]))));
}

// The panel

function planSwitch() {
  if (allPlans().length < 2) return "";
  return element("div", "plan-switch", ...allPlans().map((plan) => {
    const button = element("button", "chip", nameOf(plan.name), " ", element("small", "", questionText(plan.question)));
    button.type = "button";
    button.setAttribute("aria-pressed", String(plan === currentPlan()));
    button.addEventListener("click", () => {
      change({ rule: plan.rule, plan: plan.id, site: null, facility: null });
      showSites(plan);
    });
    return button;
  }));
}

/** Proven or not, and how far another choice could be better. */
function proofText(plan) {
  if (plan.status === "optimal" || plan.status === "infeasible") return "";
  const bound = plan.question.share === null ? valueText(plan.bound, plan.unit) : numberText(plan.bound);
  return `${word("proof_bound")} ${bound}${inBrackets(`${word("proof_gap")} ${plan.gap.toFixed(2)}%`)}`;
}

function planHead(plan) {
  const total = plan.people;
  const spacing = plan.spacing_m === null ? "" : inBrackets(`${word("spacing")} ${numberText(plan.spacing_m)} m`);
  const facts = [`${word("candidates")} ${plan.candidates.toLocaleString("en")}${spacing}`];
  if (plan.links > 0) facts.push(`${word("links_weighed")} ${plan.links}`);
  if (plan.cost_yuan > 0) facts.push(`${word("cost")} ${Math.round(plan.cost_yuan).toLocaleString("en")} ${word("yuan")}`);
  if (plan.question.objective) facts.unshift(`${nameOf(plan.question.objective)} ${plan.objective.map((value) => valueText(value, plan.unit)).join(" → ")}`);
  const proof = proofText(plan);
  if (proof) facts.push(proof);
  const bar = element("div", "bar");
  for (const [kind, people] of [["held", plan.before], ["newly", plan.after - plan.before], ["beyond", total - plan.after]]) {
    const part = element("span", `part ${kind}`);
    part.style.width = `${percentOf(people, total) || 0}%`;
    bar.append(part);
  }
  return element("div", "plan-head",
    element("h2", "", nameOf(plan.name), element("small", "", [nameOf(plan.rule_name), questionText(plan.question)].filter((text) => text !== nameOf(plan.name)).join(" · "))),
    element("p", "plan-figures", element("span", "", shareText(percentOf(plan.before, total))), element("span", "arrow", "→"),
      element("strong", "", shareText(percentOf(plan.after, total))), element("span", `status ${plan.status}`, word(`plan_${plan.status}`))),
    bar,
    element("p", "of", `${peopleText(plan.before)} → ${peopleText(plan.after)} / ${peopleText(total)} ${word("people_unit")} · ${word("sites_count")} ${plan.sites.length}`),
    element("p", "of", facts.join(" · ")));
}

function priceText(plan, { price }) {
  if (price === null) return "–";
  if (price === "needed") return word("needed");
  if (plan.question.share === null && plan.unit === "人") return `${price > 0 ? "−" : ""}${peopleText(price)} ${word("people_unit")}`;
  if (plan.question.share === null) return `+${valueText(price, plan.unit)}`;
  if (price === 0) return "0";
  return plan.cost_yuan > 0 ? `+${Math.round(price).toLocaleString("en")} ${word("yuan")}` : `+${sitesText(price)}`;
}

/** What kind of work it is, where links were weighed too, and what its money brings. */
function workText(plan, { work, per_10k: people, holds }) {
  const parts = [...(plan.links > 0 ? [nameOf(work)] : []), ...(people === null ? [] : [`${numberText(people < 10 ? Number(people.toPrecision(2)) : Math.round(people))} ${word("per_10k")}`]),
    ...(holds ? [`${word("holds")} ${holds}`] : [])];
  return parts.length ? element("small", "of", parts.join(" · ")) : "";
}

function siteTable(plan) {
  const hasCost = plan.sites.some(({ cost_yuan: cost }) => cost !== null);
  const heads = ["order", "site", "gained", "cumulative", ...(hasCost ? ["cost"] : []), "price_of_no"];
  const rows = plan.sites.map((site) => {
    const button = element("button", "", site.name || site.id);
    button.type = "button";
    button.title = site.instead ? `${site.id}\n${word("instead")}: ${site.instead}` : site.id;
    const name = element("th", "site", button, workText(plan, site));
    name.scope = "row";
    const line = element("tr", site.order === state.site ? "chosen" : "", element("td", "order", sitePin(site, false)), name,
      element("td", "number", `+${peopleText(site.gained)}`), element("td", "number", shareText(site.share)),
      ...(hasCost ? [element("td", "number", site.cost_yuan === null ? "–" : Math.round(site.cost_yuan).toLocaleString("en"))] : []),
      element("td", "number price", priceText(plan, site)));
    line.dataset.site = site.order;
    line.addEventListener("click", () => chooseSite(site));
    return line;
  });
  return element("table", "list-table", element("thead", "", element("tr", "", ...heads.map((key) => {
    const cell = element("th", key === "site" ? "site" : "number", word(`site_${key}`));
    cell.scope = "col";
    if (key === "price_of_no") cell.title = word("price_of_no_long");
    return cell;
  }))), element("tbody", "", ...rows));
}

/** Units before and with the sites, those that gain most first. */
function planUnitTable(plan) {
  const figures = plan.units[state.level];
  const units = study.levels[state.level];
  if (!figures || !units) return "";
  const rows = units.name.map((name, index) => ({ name, index, people: figures.people[index], before: figures.before[index], after: figures.after[index] }))
    .filter(({ people }) => people > 0).sort((a, b) => (b.after - b.before) - (a.after - a.before) || a.index - b.index);
  return element("table", "list-table", element("thead", "", element("tr", "", element("th", "site", word("name")),
    ...["before", "with_sites", "gained", "left"].map((key) => element("th", "number", word(`site_${key}`))))),
  element("tbody", "", ...rows.map(({ name, index, people, before, after }) => {
    const button = element("button", "", name);
    button.type = "button";
    const line = element("tr", index === state.unit ? "chosen" : "", element("th", "site", button), element("td", "number", shareText(percentOf(before, people))),
      element("td", "number", element("b", "", shareText(percentOf(after, people)))), element("td", "number", after > before ? `+${peopleText(after - before)}` : "–"),
      element("td", "number", peopleText(people - after)));
    line.addEventListener("click", () => chooseUnit(index));
    return line;
  })));
}

function targetsText(plan) {
  return plan.targets.map(([share, sites, isProven]) => element("span", "group", `${numberText(share)}%`, " ",
    element("b", "", sites === null ? word("impossible") : `${isProven ? "" : "≤ "}${sitesText(sites)}`)));
}

function fillSites() {
  const plan = currentPlan();
  if (!plan) {
    return fill("sites-panel", planSwitch(), element("p", "nothing", word(allPlans().length ? "sites_not_asked" : "sites_none")));
  }
  return fill("sites-panel", planSwitch(), planHead(plan),
    element("h3", "", `${word("curve_title")}${plan.cost_yuan > 0 ? inBrackets(word("whatever_cost")) : ""}`), plan.curve.sites.length > 1 ? curveChart(plan) : "", element("p", "targets", word("to_reach"), " ", ...targetsText(plan)),
    element("h3", "", word("sites_in_order")), plan.sites.length ? siteTable(plan) : element("p", "nothing", word(`plan_${plan.status}`)),
    element("p", "hint-line", word("price_of_no_long")),
    element("h3", "", `${word("sites_by_unit")} · ${word(state.level)}`), planUnitTable(plan));
}

function markChosenSite() {
  for (const line of document.querySelectorAll("#sites-panel tr[data-site]")) {
    line.classList.toggle("chosen", Number(line.dataset.site) === state.site);
    if (Number(line.dataset.site) === state.site) line.scrollIntoView({ block: "nearest" });
  }
}
