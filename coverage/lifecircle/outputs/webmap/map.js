// The map of a rule: units by coverage, the people not covered, the facilities; all redrawn from the state.

function drawUnits() {
  if (hasScenarioView()) return drawDifferences();
  return drawUnitsByCoverage();
}

function drawUnitsByCoverage() {
  drawUnitsBy((index) => classColour(classOf(figuresOf(state.rule, state.level, index))),
    (index) => shareText(figuresOf(state.rule, state.level, index).share), showCard);
}

/** Names of units; of townships with their share, where the map is about it. */
function drawUnitNames() {
  const hasShares = state.level === "township" && state.panel === "units";
  if (hasScenarioView()) return drawLabels(state.level === "township" ? differenceLabel : null);
  return drawLabels(hasShares ? (index) => shareText(figuresOf(state.rule, state.level, index).share) : null);
}

/** People per cell: those not covered; in the view of sites those whom they newly cover and those left. */
function drawSurface() {
  if (!state.layers.gaps || hasGapView() || hasScenarioView()) return replaceLayer("surface", null);
  const plan = hasSitesView() ? currentPlan() : null;
  return replaceLayer("surface", plan ? cellLayer(study.plans.surfaces, plan.id) : cellLayer(study.surfaces, state.rule));
}
