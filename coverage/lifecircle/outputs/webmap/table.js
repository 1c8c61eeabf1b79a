// The table of units: sortable, linked with the map, with the district's total at its foot, and its download.

const COLUMNS = [
  { key: "name", text: (row) => row.name, value: (row) => row.name },
  { key: "people", text: (row) => peopleText(row.people), value: (row) => row.people },
  { key: "covered", text: (row) => peopleText(row.covered), value: (row) => row.covered },
  { key: "share", text: (row) => shareText(row.share), value: (row) => row.share },
  { key: "range", text: (row) => rangeText(row), value: (row) => row.low },
  { key: "beyond", text: (row) => peopleText(row.beyond), value: (row) => row.beyond },
  { key: "unreachable", text: (row) => peopleText(row.unreachable), value: (row) => row.unreachable },
];

function tableRows() {
  const units = study.levels[state.level];
  return units.code.map((code, index) => ({ index, code, name: units.name[index], ...figuresOf(state.rule, state.level, index) }));
}

/** Sorted by the chosen column; units without a figure stand last either way, ties stay in file order. */
function sortedRows() {
  const { value } = COLUMNS.find(({ key }) => key === state.sort.column);
  const sign = state.sort.descending ? -1 : 1;
  return tableRows().sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === null || right === null) return (left === null) - (right === null) || a.index - b.index;
    const order = typeof left === "string" ? left.localeCompare(right, "zh-CN") : left - right;
    return sign * order || a.index - b.index;
  });
}

function headerCell({ key }) {
  const isSorted = state.sort.column === key;
  const button = element("button", "", word(key), element("span", "sort", isSorted ? (state.sort.descending ? "▼" : "▲") : ""));
  button.type = "button";
  button.title = word("sort_by");
  button.addEventListener("click", () => change({
    sort: { column: key, descending: isSorted ? !state.sort.descending : key !== "name" },
  }));
  const cell = element("th", key, button);
  cell.scope = "col";
  cell.setAttribute("aria-sort", isSorted ? (state.sort.descending ? "descending" : "ascending") : "none");
  return cell;
}

function unitRow(row) {
  const cells = COLUMNS.map(({ key, text }) => element(key === "name" ? "th" : "td", key, key === "name" ? "" : text(row)));
  const colour = swatch(classColour(classOf(row)));
  const button = element("button", "", colour, element("span", "", row.name));
  button.type = "button";
  button.title = row.name;
  cells[0].scope = "row";
  cells[0].append(button);
  const line = element("tr", row.index === state.unit ? "chosen" : "", ...cells);
  line.dataset.unit = row.code;
  line.addEventListener("click", () => chooseUnit(row.index));
  line.addEventListener("mouseenter", () => showCard(row.index));
  line.addEventListener("mouseleave", () => showCard(state.unit));
  return line;
}

function totalRow() {
  const row = { name: word("total"), ...figuresOf(state.rule, "district", 0) };
  const cells = COLUMNS.map(({ key, text }) => element(key === "name" ? "th" : "td", key, text(row)));
  cells[0].scope = "row";
  return element("tr", "total", ...cells);
}

function fillTable() {
  const focused = document.activeElement && document.activeElement.closest("#table tr[data-unit]");
  const kept = focused ? focused.dataset.unit : null;
  const sortKey = document.activeElement && document.activeElement.closest("#table thead th");
  const sorted = sortKey ? sortKey.className : null;
  fill("table-title", `${word("units_of")} · ${word(state.level)}`);
  fill("table", element("thead", "", element("tr", "", ...COLUMNS.map(headerCell))),
    element("tbody", "", ...sortedRows().map(unitRow)), element("tfoot", "", totalRow()));
  // The table is made anew; the keyboard stays where it was.
  const line = kept === null ? null : [...document.querySelectorAll("#table tr")].find((row) => row.dataset.unit === kept);
  const again = line || (sorted && document.querySelector(`#table thead th.${sorted}`));
  if (again) again.querySelector("button").focus({ preventScroll: true });
}

function markChosenRow() {
  const code = state.unit === null ? null : study.levels[state.level].code[state.unit];
  for (const line of document.querySelectorAll("#table tbody tr")) {
    line.classList.toggle("chosen", line.dataset.unit === code);
    if (line.dataset.unit === code) line.scrollIntoView({ block: "nearest" });
  }
}

// Download

function tableAsCsv() {
  const rule = currentRule();
  const figures = ["people", "covered", "share", "low", "high", "beyond", "unreachable"];
  const head = ["district", "year", "rule", "limit", "limit_unit", "level", "unit_code", "unit_name",
    ...figures.map((key) => ({ share: "share_pct", low: "low_pct", high: "high_pct" }[key] || key))];
  const start = [study.district.name.zh, study.district.year, rule.id, rule.limit, rule.limit_unit];
  const rows = sortedRows().map((row) => [...start, state.level, row.code, row.name, ...figures.map((key) => row[key])]);
  const total = figuresOf(state.rule, "district", 0);
  rows.push([...start, "district", study.district.code, study.district.name.zh, ...figures.map((key) => total[key])]);
  const notice = study.district.demonstration ? [[study.district.demonstration.zh]] : [];
  return [...notice, head, ...rows].map((row) => row.map(csvField).join(",")).join("\r\n");
}

function downloadTable() {
  saveCsv(tableAsCsv(), `${study.district.id}-${study.district.year}-${state.rule}-${state.level}.csv`);
}

