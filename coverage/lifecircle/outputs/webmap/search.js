// Search by the names of units and facilities, with the keyboard alone where one likes.

const MAX_RESULTS = 12;

function searchEntries() {
  const entries = [];
  for (const level of ["township", "village"]) {
    const units = study.levels[level];
    if (!units) continue;
    units.name.forEach((name, index) => entries.push({ name, level, index }));
  }
  study.facilities.name.forEach((name, index) => entries.push({ name: name || study.facilities.id[index], facility: index }));
  return entries.map((entry) => ({ ...entry, key: entry.name.toLocaleLowerCase() }));
}

const ENTRIES = searchEntries();

/** Names that begin with the text first, then those that hold it. */
function findEntries(text) {
  const key = text.trim().toLocaleLowerCase();
  if (!key) return [];
  const found = ENTRIES.filter((entry) => entry.key.includes(key));
  return [...found.filter((entry) => entry.key.startsWith(key)), ...found.filter((entry) => !entry.key.startsWith(key))]
    .slice(0, MAX_RESULTS);
}

function entryKind(entry) {
  if (entry.facility !== undefined) return nameOf(study.kinds[study.facilities.kind[entry.facility]]);
  return word(entry.level);
}

function chooseEntry(entry) {
  if (state.board) change({ board: false });
  if (entry.facility === undefined) {
    change({ level: entry.level, unit: entry.index, facility: null });
    chooseUnit(entry.index);
    return;
  }
  const isServing = facilitiesOf(state.rule).has(entry.facility);
  const layers = { ...state.layers, ...(isServing ? { serving: true } : { others: true }) };
  change({ facility: entry.facility, layers });
  map.fitBounds(facilityBounds(entry.facility), { padding: [60, 60], maxZoom: 15, animate: false });
}

function setUpSearch() {
  const input = document.getElementById("search");
  const list = document.getElementById("search-results");
  let found = [];
  let active = -1;
  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (next) => {
    active = next;
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === active)));
    if (active >= 0) input.setAttribute("aria-activedescendant", list.children[active].id);
  };
  const take = (entry) => {
    input.value = entry.name;
    close();
    chooseEntry(entry);
  };
  const show = () => {
    found = findEntries(input.value);
    const items = found.map((entry, index) => {
      const item = element("li", "", element("span", "", entry.name), element("small", "", entryKind(entry)));
      item.id = `search-result-${index}`;
      item.setAttribute("role", "option");
      item.addEventListener("mousedown", (event) => {
        event.preventDefault();
        take(entry);
      });
      return item;
    });
    list.replaceChildren(...(items.length ? items : [element("li", "nothing", word("no_match"))]));
    list.hidden = !input.value.trim();
    input.setAttribute("aria-expanded", String(!list.hidden));
    mark(-1);
  };
  input.addEventListener("input", show);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (found.length) mark((active + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length);
    }
  });
  input.form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (found.length) take(found[Math.max(0, active)]);
  });
}
