// The curve of people covered against sites, as a small drawing.

const CURVE = { width: 428, height: 132, left: 38, right: 10, top: 10, bottom: 22 };

/** Round steps for some `most` lines over a span. */
function roundStep(span, most) {
  const power = 10 ** Math.floor(Math.log10(span / most || 1));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => span / step <= most) || span;
}

function curveChart(plan) {
  const { sites, share, bound, is_proven: isProven } = plan.curve;
  const target = plan.question.share;
  const known = share.map((value, i) => ({ x: sites[i], y: value, bound: bound[i], isProven: isProven[i] })).filter(({ y }) => y !== null);
  const tops = known.flatMap(({ y, bound: top }) => [y, top ?? y]).concat(target === null ? [] : [target]);
  const low = Math.floor(Math.min(...tops) / 5) * 5;
  const high = Math.min(100, Math.ceil((Math.max(...tops) + 0.01) / 5) * 5);
  const last = Math.max(1, known[known.length - 1].x);
  const x = (value) => CURVE.left + ((CURVE.width - CURVE.left - CURVE.right) * value) / last;
  const y = (value) => CURVE.height - CURVE.bottom - ((CURVE.height - CURVE.top - CURVE.bottom) * (value - low)) / Math.max(1e-9, high - low);
  const path = (points) => points.map(([px, py], i) => `${i ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("");
  const parts = [];
  const step = roundStep(high - low, 5);
  for (let value = Math.ceil(low / step) * step; value <= high + 1e-9; value += step) {
    parts.push(svgElement("line", { x1: CURVE.left, x2: CURVE.width - CURVE.right, y1: y(value), y2: y(value), class: "grid" }),
      svgElement("text", { x: CURVE.left - 5, y: y(value) + 4, class: "tick end" }, `${numberText(value)}%`));
  }
  for (let value = 0; value <= last; value += Math.max(1, roundStep(last, 10))) {
    parts.push(svgElement("text", { x: x(value), y: CURVE.height - 7, class: "tick middle" }, value));
  }
  if (target !== null) parts.push(svgElement("line", { x1: CURVE.left, x2: CURVE.width - CURVE.right, y1: y(target), y2: y(target), class: "goal" }));
  const open = known.filter(({ y: value, bound: top }) => top !== null && top > value + 0.005);
  if (open.length) parts.push(svgElement("path", { d: path(known.map((point) => [x(point.x), y(Math.min(high, point.bound ?? point.y))])), class: "bound" }));
  parts.push(svgElement("path", { d: path(known.map((point) => [x(point.x), y(point.y)])), class: "curve" }));
  for (const point of known) {
    const dot = svgElement("circle", { cx: x(point.x), cy: y(point.y), r: point.x === plan.sites.length ? 5 : 3, class: point.isProven ? "dot-proven" : "dot-open" });
    dot.append(svgElement("title", {}, `${sitesText(point.x)}: ${shareText(point.y)}`));
    parts.push(dot);
  }
  const chart = svgElement("svg", { viewBox: `0 0 ${CURVE.width} ${CURVE.height}`, class: "curve-chart", role: "img" }, ...parts);
  chart.setAttribute("aria-label", word("curve_title"));
  return chart;
}
