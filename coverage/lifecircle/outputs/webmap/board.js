// The monitoring board: every indicator with a target, how it stands, what is missing, and which township is behind.

const BOARD_STATUSES = ["ahead", "on_schedule", "behind", "under_way", "missed", "not_known", "no_target"]; // in the order of the description's numbers

/** A figure without its unit, short enough for a narrow cell. */
function cellText(value, unit) {
  if (value === null) return "–";
  if (unit === "%") return shareText(value).replace("%", "");
  const large = state.language === "zh" ? 1e4 : 1e3;
  return Math.abs(value) >= 1e4 ? `${numberText(Math.round(value / large * 10) / 10)}${word("ten_thousand")}` : numberText(value, unit);
}

/** What is asked, and by when. */
function goalText({ unit, target }) {
  const { kind, value, year, is_less_better: isLess } = target;
  const goal = value !== null && unit === "%" ? `${numberText(value)}%` : valueText(value, unit);
  const sign = kind === "improve" ? (isLess ? "<" : ">") : isLess ? "≤" : "≥";
  const known = value === null ? inBrackets(word("goal_unknown")) : ` ${sign} ${goal}`;
  const texts = {
    all: value === null ? word("all") : goal,
    hold: `${sign} ${goal} ${word("goal_hold")}`,
    improve: `${word("goal_improve")}${known}`,
    not_below: `${word("goal_not_below")}${known}`,
    qualitative: target.text ? nameOf(target.text) : word("goal_qualitative"),
  };
  const more = [target.base_year && `${word("board_base")} ${target.base_year}`, target.reference].filter(Boolean).join(", ");
  return [texts[kind] || `${sign} ${goal}`, more && inBrackets(more), year && inBrackets(year)].filter(Boolean).join("");
}

/** What is missing to the target. What a share counts are whole things: of four and a bit, five are missing. */
function missingText({ unit: valueUnit, missing, missing_unit: unit }) {
  if (missing === null || missing === undefined) return "–";
  if (missing === 0) return "0";
  const isWhole = valueUnit === "%" && unit !== "pp";
  const number = numberText(isWhole ? Math.ceil(missing - 1e-6) : missing);
  const key = `missing_${unit}`;
  if (!study.words[key]) return `${number} ${unitText(unit)}`.trim();
  return `${number} ${number === "1" && state.language === "en" ? study.words[key].one : word(key)}`;
}

function statusOf(row) {
  return row.status === null ? null : BOARD_STATUSES[row.status];
}

function boardRows() {
  return study.board.indicators.filter((row) => !state.statuses.length || state.statuses.includes(statusOf(row)));
}

function townshipNames() {
  return study.levels.township ? study.levels.township.name : [];
}

/** The policies in their order, each with its rows; those that have none are left out. */
function byPolicy(rows) {
  return study.board.policies.map((policy) => [policy, rows.filter((row) => row.policy === policy.id)]).filter(([, own]) => own.length);
}

function policyName(policy) {
  return policy.id ? nameOf(policy) : word("board_own_policy");
}

// The summary, which is the filter too

function fillStatements() {
  const counts = study.board.statements;
  if (!counts) return fill("board-statements");
  const parts = ["computed", "in_part", "data_missing"].map((key) => element("span", `statements-${key}`,
    element("i"), `${word(`statements_${key}`)} `, element("b", "", counts[key])));
  return fill("board-statements", `${word("board_statements")} ${counts.statements}${state.language === "zh" ? "：" : ": "}`, ...parts);
}

function statusChip(status) {
  const count = study.board.indicators.filter((row) => statusOf(row) === status).length;
  const chip = element("button", `chip ${status}`, word(status), " ", element("b", "", count));
  chip.type = "button";
  chip.dataset.status = status;
  if (status === "no_target" || status === "not_known") chip.title = word(`board_${status}`);
  chip.addEventListener("click", () => {
    const others = state.statuses.filter((one) => one !== status);
    change({ statuses: others.length < state.statuses.length ? others : BOARD_STATUSES.filter((one) => one === status || others.includes(one)) });
  });
  return chip;
}

function fillChips() {
  const all = element("button", "chip all", word("board_all"));
  all.type = "button";
  all.addEventListener("click", () => change({ statuses: [] }));
  const filter = fill("board-filter", element("span", "", `${word("board_targets")} `, element("b", "", study.board.targets.targets)),
    ...BOARD_STATUSES.map(statusChip), all, element("small", "", townshipNames().length ? word("board_met") : ""));
  filter.setAttribute("aria-label", word("board_filter"));
}

function markChips() {
  for (const chip of document.querySelectorAll("#board-filter .chip")) {
    const { status } = chip.dataset;
    chip.setAttribute("aria-pressed", String(status ? state.statuses.includes(status) : !state.statuses.length));
  }
}

// The table

function headCell(className, content, title = "") {
  const cell = element("th", className, ...[content].flat());
  cell.scope = "col";
  if (title) cell.title = title;
  return cell;
}

/** A township's name upright, and how many of the shown targets it meets; those that meet the smallest part are marked. */
function townshipHeads(rows) {
  const scores = townshipNames().map((name, index) => {
    const judged = rows.map((row) => BOARD_STATUSES[row.statuses[index]]).filter((status) => status !== "no_target" && status !== "not_known");
    const met = judged.filter((status) => status === "ahead" || status === "on_schedule").length;
    return { name, met, judged: judged.length, share: judged.length ? met / judged.length : null };
  });
  const shares = scores.map(({ share }) => share).filter((share) => share !== null);
  const least = Math.min(...shares) < Math.max(...shares) ? Math.min(...shares) : null;
  return scores.map(({ name, met, judged, share }) => {
    const score = element("span", share !== null && share === least ? "met least" : "met", `${met}/${judged}`);
    score.title = word("board_met");
    return headCell("township", [element("span", "upright", name), score], name);
  });
}

function boardHead(rows) {
  const columns = ["indicator", "value", "target", "status", "missing"].map((key) => (
    headCell(key, word(key === "target" ? key : `board_${key}`))));
  return element("thead", "", element("tr", "", ...columns, ...townshipHeads(rows)));
}

function groupRow(text) {
  const cell = element("th", "group", element("span", "", text));
  cell.colSpan = 5 + townshipNames().length;
  cell.scope = "rowgroup";
  return element("tr", "group", cell);
}

function labelCell(row) {
  const cell = element("th", "indicator");
  cell.scope = "row";
  cell.title = row.id;
  if (!RULES.has(row.rule)) {
    cell.append(nameOf(row));
    return cell;
  }
  const button = element("button", "", nameOf(row));
  button.type = "button";
  button.title = `${word("board_show_rule")}: ${nameOf(RULES.get(row.rule).name)}`;
  cell.append(button);
  return cell;
}

function townshipCell(value, unit, status, name, extra = "") {
  const cell = element("td", `township ${value === null ? "" : status}`.trim(), cellText(value, unit));
  const words = [value === null ? "" : word(status), extra].filter(Boolean).join(" ");
  cell.title = `${name}  ${valueText(value, unit)}  ${words}`.trim();
  if (words && status !== "no_target") cell.append(element("span", "unseen", ` ${words}`));
  return cell;
}

function indicatorRow(row) {
  const status = statusOf(row);
  const names = townshipNames();
  const line = element("tr", RULES.has(row.rule) ? "of-rule" : "", labelCell(row),
    element("td", "value", valueText(row.value, row.unit)), element("td", "target", goalText(row)),
    element("td", "status", status ? element("span", `mark ${status}`, word(status)) : word("board_by_township")),
    element("td", "missing", missingText(row)),
    ...row.townships.map((value, index) => townshipCell(value, row.unit, BOARD_STATUSES[row.statuses[index]], names[index])));
  line.dataset.indicator = row.id;
  if (RULES.has(row.rule)) line.addEventListener("click", () => showRuleOnMap(row.rule));
  return line;
}

function scorecardRow(card) {
  const names = townshipNames();
  const counts = card.with_target === null ? "" : `${word("board_with_target")} ${card.with_target} / ${word("board_monitored")} ${card.monitored}`;
  const label = element("th", "indicator", nameOf(card), card.of ? element("small", "", ` ${nameOf(card.of)}`) : "");
  label.scope = "row";
  const wide = element("td", "target", counts);
  wide.colSpan = 3;
  return element("tr", "", label, element("td", "value", valueText(card.value, "%")), wide,
    ...card.townships.map((value, index) => townshipCell(value, "%", "no_target", names[index],
      card.ranks[index] === null ? "" : `${word("board_rank")} ${card.ranks[index]}`)));
}

function filterBoard() {
  const { indicators, scorecards } = study.board;
  const rows = boardRows();
  const groups = byPolicy(rows).map(([policy, own]) => element("tbody", "", groupRow(policyName(policy)), ...own.map(indicatorRow)));
  if (scorecards.length && !state.statuses.length) {
    groups.push(element("tbody", "scorecards", groupRow(word("board_scorecards")), ...scorecards.map(scorecardRow)));
  }
  fill("board-table", ...(groups.length ? [boardHead(rows), ...groups] : []));
  document.getElementById("board-empty").textContent = rows.length ? "" : word(indicators.length ? "board_nothing" : "board_no_targets");
  markChips();
}

// Below: what has no target, and what lacks data

function fillDetails(id, title, heads, groups) {
  const body = groups.flatMap(([policy, rows]) => {
    const cell = element("th", "group", policyName(policy));
    cell.colSpan = heads.length;
    return [element("tr", "", cell), ...rows.map((cells) => element("tr", "", ...cells.map((cell_) => element("td", "", cell_))))];
  });
  const count = groups.reduce((sum, [, rows]) => sum + rows.length, 0);
  const node = fill(id, element("summary", "", `${title} `, element("b", "", count)), element("table", "",
    element("thead", "", element("tr", "", ...heads.map((head) => headCell("", word(head))))), element("tbody", "", ...body)));
  node.hidden = !count;
}

function fillOthers() {
  const groups = byPolicy(study.board.others).map(([policy, rows]) => [policy, rows.map((row) => [nameOf(row), valueText(row.value, row.unit)])]);
  fillDetails("board-others", word("board_others"), ["board_indicator", "board_value"], groups);
}

function needsList(needs) {
  return element("ul", "", ...needs.map((need) => element("li", "", need)));
}

function fillUnanswered() {
  const groups = byPolicy(study.board.unanswered).map(([policy, rows]) => [policy, rows.map((row) => [row.id,
    nameOf(row), row.clause, word(row.is_in_part ? "statements_in_part" : "statements_data_missing"), needsList(row.needs)])]);
  fillDetails("board-unanswered", word("board_unanswered"), ["board_id", "board_statement", "clause", "board_status", "board_needs"], groups);
}

// Opening and closing

/** Put the board over the map or take it away; what lies below is out of the keyboard's way meanwhile. */
function showBoard() {
  const board = document.getElementById("board");
  const opener = document.getElementById("open-board");
  const isSwitched = board.hidden === state.board;
  board.hidden = !state.board;
  opener.setAttribute("aria-expanded", String(state.board));
  for (const below of document.querySelectorAll(".map, .rules, .figures")) below.inert = state.board;
  if (isSwitched) (state.board ? board : opener).focus({ preventScroll: true });
}

function fillBoard() {
  document.getElementById("board-title").textContent = word("board_title");
  fillStatements();
  fillChips();
  filterBoard();
  fillOthers();
  fillUnanswered();
}

function showRuleOnMap(rule) {
  change({ board: false, rule, facility: null });
  document.querySelector("#rule-list input:checked").focus();
}

function setUpBoard() {
  const opener = document.getElementById("open-board");
  opener.hidden = !study.board;
  if (!study.board) return;
  opener.addEventListener("click", () => change({ board: !state.board }));
  document.getElementById("board-close").addEventListener("click", () => change({ board: false }));
  document.getElementById("board-download").addEventListener("click", downloadBoard);
  document.addEventListener("keydown", (event) => {
    const isOthers = event.target.closest(".search") || document.querySelector("dialog[open]");
    if (event.key === "Escape" && state.board && !isOthers) change({ board: false });
  });
}
