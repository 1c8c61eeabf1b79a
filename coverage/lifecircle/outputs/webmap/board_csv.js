// The board's table as a file: the rows shown, exact to six digits, each township's value and how it stands.

function boardAsCsv() {
  const townships = study.levels.township || { code: [], name: [] };
  const names = townships.code.map((code, index) => `${code} ${townships.name[index]}`);
  const head = ["district", "year", "policy", "indicator", "label_zh", "label_en", "value", "value_unit", "target_kind", "target", "target_year",
    "status", "missing", "missing_unit", ...names, ...names.map((name) => `${name} status`)];
  const statusText = (index) => (index === null ? "" : study.words[BOARD_STATUSES[index]].zh);
  const rows = byPolicy(boardRows()).flatMap(([, own]) => own).map((row) => [study.district.name.zh, study.district.year, row.policy, row.id,
    row.zh, row.en, row.value, row.unit, row.target.kind, row.target.value, row.target.year, statusText(row.status), row.missing,
    row.missing_unit, ...row.townships, ...row.statuses.map((status, index) => (row.townships[index] === null ? "" : statusText(status)))]);
  const notice = study.district.demonstration ? [[study.district.demonstration.zh]] : [];
  return [...notice, head, ...rows].map((row) => row.map(csvField).join(",")).join("\r\n");
}

function downloadBoard() {
  saveCsv(boardAsCsv(), `${study.district.id}-${study.district.year}-monitoring.csv`);
}
