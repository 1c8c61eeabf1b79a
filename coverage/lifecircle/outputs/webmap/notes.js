// Method, clauses and sources: one click away.

function notesTable(heads, rows) {
  return element("table", "", element("thead", "", element("tr", "", ...heads.map((head) => element("th", "", word(head))))),
    element("tbody", "", ...rows.map((row) => element("tr", "", ...row.map((cell) => element("td", "", cell))))));
}

function speedText(mode) {
  const flat = mode.speed_kph !== null ? [mode.speed_kph] : Object.entries(mode.speeds_kph).map(([road, speed]) => `${road} ${speed}`);
  const more = [];
  if (mode.steps_kph !== null) more.push(`${word("follows_slope")} ${mode.steps_kph}`);
  if (mode.off_street) more.push(word("off_street"));
  return [flat.join(", "), ...more].join(word("comma"));
}

function modeRows() {
  return study.modes.map((mode) => [nameOf(mode.name), speedText(mode), `${mode.access_kph}, ${mode.max_access_m}`,
    mode.direct_m, mode.min_fragment_m, mode.source]);
}

/** The rest of a chain: on scene, on to a facility that can, at its door. */
function onwardText(then) {
  if (!then) return "";
  const kinds = then.kinds.map((kind) => (study.kinds[kind] ? nameOf(study.kinds[kind]) : kind)).join("/");
  const handover = then.handover_minutes ? `，${word("handover")} ${then.handover_minutes} ${word("minutes")}` : "";
  return `，${word("on_scene")} ${then.on_scene_minutes} ${word("minutes")}，${word("then_to")} ${kinds}（${then.attributes.join(", ")}，${nameOf(then.mode_name)}）${handover}`;
}

function ruleRows() {
  return study.rules.map((rule) => {
    const parts = Object.entries(rule.ready).map(([part, minutes]) => `${word(part)} ${minutes}`).join(", ");
    const ready = rule.ready_minutes ? `，${word("ready")} ${rule.ready_minutes} ${word("minutes")}${parts ? `（${parts}）` : ""}` : "";
    const from = rule.direction === "from" ? `，${word("from_facility")}` : "";
    const clause = [rule.clause, rule.quote ? `“${rule.quote}”` : ""].filter(Boolean).join(" ");
    return [nameOf(rule.name), `${limitText(rule)}${ready}${from}${onwardText(rule.then)}`, clause, rule.source, rule.assumption];
  });
}

function partRows() {
  return study.links.parts.flatMap((entry) => {
    const mode = study.modes.find((one) => one.id === entry.mode);
    return entry.parts.map((part, index) => [index ? "" : mode ? nameOf(mode.name) : entry.mode,
      part.joined ? part.name || word(`joined_${part.joined}`) : `${word("other_parts")} ${part.count}`,
      peopleText(part.people), part.facilities.toLocaleString("en"), part.joined === "no_street" ? "" : part.length_km.toFixed(1),
      part.joined ? word(`joined_${part.joined}`) : ""]);
  });
}

function closedText(closure) {
  const why = closure.why === "hours" ? `${word("closed_hours")} ${closure.hours}` : word(`closed_${closure.kind}`);
  return `${closure.name}（${why}）`;
}

/** What the networks fall into, and what this run does without. */
function linkNotes() {
  const { at, closed, parts } = study.links;
  const notes = [element("h2", "", word("parts")), element("p", "", at ? `${word("at")} ${at}` : word("at_any"))];
  if (closed.length) notes.push(element("p", "", `${word("closed")}：${closed.map(closedText).join("；")}`));
  if (!parts.length) return [...notes, element("p", "", word("parts_whole"))];
  return [...notes, element("p", "", word("parts_note")),
    notesTable(["mode", "part_places", "people", "facilities", "length_km", "joined"], partRows())];
}

function peopleNote() {
  const { district } = study;
  const parts = [`${peopleText(district.people)} ${word("people_unit")}`];
  if (district.population_kind) parts.push(word(district.population_kind));
  if (district.population_as_of) parts.push(`${word("as_of")} ${district.population_as_of}`);
  parts.push(`${district.cells.toLocaleString("en")} ${word("cell")}${district.cell_m ? `（${district.cell_m} m）` : ""}`);
  const outside = Object.entries(district.conservation.population || {}).filter(([key, people]) => key.startsWith("in_no_") && people > 0);
  for (const [key, people] of outside) parts.push(`${peopleText(people)} ${word("in_no_unit")}（${word(key.slice("in_no_".length))}）`);
  return parts.join(" · ");
}

function issueNote() {
  const counts = Object.entries(study.district.issues);
  const text = counts.map(([severity, count]) => `${word(`issue_${severity}`)} ${count}`).join(" · ") || word("no_issues");
  return `${word("issues")}：${text}`;
}

function fillNotes() {
  const close = element("button", "close", word("close"));
  close.type = "button";
  close.addEventListener("click", () => document.getElementById("notes").close());
  const methods = ["cells", "travel", "range", "unreachable", "sum", "areas", ...PANELS.filter((panel) => panel !== "units")].map((key) => element("li", "", word(`method_${key}`)));
  const files = study.inputs.map((file) => [file.role, file.path, file.crs, file.rows || "", file.used || "", file.set_aside || "", file.sha256]);
  fill("notes",
    close, element("h2", "", word("method")), element("ul", "", ...methods),
    element("h2", "", word("modes")),
    notesTable(["mode", "speed", "access_leg", "direct", "fragments", "basis"], modeRows()),
    ...linkNotes(),
    element("h2", "", word("clauses")), notesTable(["name_rule", "limit", "clause", "source", "assumption"], ruleRows()),
    element("h2", "", word("files")), element("p", "", peopleNote()),
    notesTable(["role", "file", "crs", "rows", "rows_used", "rows_set_aside", "fingerprint"], files),
    element("p", "", issueNote()),
    element("h2", "", word("software")), element("p", "", word("leaflet")));
}
