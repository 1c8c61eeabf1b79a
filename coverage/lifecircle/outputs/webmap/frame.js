// The frame round every map: its title in both languages, the label of demonstration data, the colophon, switches.

/** Radio buttons that look like a switch; `options` are [value, text] pairs. */
function fillSwitch(id, label, name, options, current, choose) {
  const legend = element("legend", "", label);
  const inputs = options.map(([value, text]) => {
    const input = element("input");
    Object.assign(input, { type: "radio", name, value, checked: value === current });
    input.addEventListener("change", () => choose(value));
    return element("label", "", input, element("span", "", text));
  });
  fill(id, legend, ...inputs);
}

function fillLevelSwitch() {
  const levels = ["township", "village"].filter((level) => study.levels[level]);
  fillSwitch("level-switch", word("level"), "level", levels.map((level) => [level, word(level)]), state.level,
    (level) => change({ level, facility: null }));
}

/** A switch of the language, which every page has. */
function fillLanguageSwitch() {
  fillSwitch("language-switch", word("language"), "language", [["zh", "中"], ["en", "EN"]], state.language,
    (language) => change({ language }));
}

/** The rule or indicator that is chosen, in view in its list. */
function showChosenRule() {
  const input = document.querySelector(`#rule-list input[value="${CSS.escape(state.rule)}"]`);
  input.checked = true;
  input.closest("label").scrollIntoView({ block: "nearest" });
}

/** The title in the page's language, small beside it the other's; and what else stands round the map. */
function showTitle(title) {
  document.getElementById("title").textContent = nameOf(title);
  document.getElementById("subtitle").textContent = state.language === "zh" ? title.en : title.zh;
  document.title = nameOf(title);
  const { demonstration } = study.district;
  const banner = document.getElementById("demonstration");
  banner.hidden = !demonstration;
  banner.textContent = demonstration ? [...new Set([demonstration.zh, demonstration.en])].join("　") : "";
  document.documentElement.lang = state.language === "zh" ? "zh-CN" : "en";
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
}

function showCredit(note, year) {
  document.getElementById("credit").textContent = `${note}${word("credit")} · ${study.district.id} ${year} · ${study.district.crs}`;
}

// Layers

function toggle(layer, label, ...below) {
  const input = element("input");
  Object.assign(input, { type: "checkbox", checked: state.layers[layer], id: `layer-${layer}` });
  input.addEventListener("change", () => change({ layers: { ...state.layers, [layer]: input.checked } }));
  return element("div", "layer", element("label", "", input, ` ${label}`), ...below);
}

/** The boxes follow the state where it changed by itself; they are not made anew, so that the keyboard stays. */
function tickLayers() {
  for (const [layer, isShown] of Object.entries(state.layers)) {
    const box = document.getElementById(`layer-${layer}`);
    if (box) box.checked = isShown;
  }
}
