// One line per trial through all parameters and the value; a drag along an axis brushes trials on every figure of the
// page and selects, on every page, all that lie within the brushed ranges. Data: relations.json.
import { config, fade, label, layout, number, plain, short, whole } from "./chart-common.js";
import { all, choose } from "./brushing.js";
import { apart, decode, followBrush, raw, selection, setBrush } from "./relations.js";
import { onAxis, onRank } from "./relations-brush.js";

const NEAR = 22;

/** All axes, the value last and its better end on top: [{name, places, raw(place), ends}]. */
const axesOf = (data, found) => [
  ...found.axes.map((axis) => ({
    name: axis.name, query: (range) => onAxis(axis, range), places: Array.from(axis.values, axis.place), top: raw(axis, axis.high), bottom: raw(axis, axis.low),
    at: (text) => {
      const index = axis.choices ? axis.choices.indexOf(text) : -1;
      return axis.place(index >= 0 ? index : Number(text.replaceAll("−", "-")));
    },
  })),
  valueAxisOf(data, found),
];

const valueAxisOf = (data, found) => {
  // By rank: a value that ran away would press all others together.
  const sorted = [...found.value].filter(Number.isFinite).sort((a, b) => (found.minimize ? b - a : a - b));
  const place = (value) => {
    const below = sorted.filter((other) => (found.minimize ? other > value : other < value)).length;
    return sorted.length > 1 ? below / (sorted.length - 1) : 1;
  };
  return {
    name: data.objective, places: Array.from(found.ranks, (rank) => 1 - rank), at: (text) => Math.min(1, place(Number(text.replaceAll("−", "-")))),
    top: sorted.length ? number(sorted[sorted.length - 1]) : "", bottom: sorted.length ? number(sorted[0]) : "", query: (range) => onRank("best", sorted, range),
  };
};

const lines = (axes, rows) => {
  const x = [];
  const y = [];
  for (const i of rows) {
    axes.forEach((axis, at) => { x.push(at); y.push(axis.places[i]); });
    x.push(NaN);
    y.push(NaN);
  }
  return { x, y };
};

const trace = (axes, rows, line, extra = {}) => ({ type: "scatter", mode: "lines", hoverinfo: "skip", ...lines(axes, rows), connectgaps: false, line, ...extra });

/** The trials within every brushed range; null while nothing is brushed. */
const inside = (found, axes, ranges) => {
  if (!ranges.size) return null;
  const kept = [...found.trials.keys()].filter((i) => [...ranges].every(([at, [low, high]]) => axes[at].places[i] >= low && axes[at].places[i] <= high));
  return new Set(kept.map((i) => found.trials[i]));
};

const words = (axes, ranges, numbers) => {
  if (!numbers) return "drag along an axis to select";
  const parts = [...ranges].map(([at]) => short(axes[at].name, 24));
  return `brushed: ${parts.join(" and ")}, ${whole(numbers.size)} trial${numbers.size === 1 ? "" : "s"}`;
};

/** Put boxes over the brushed stretches; geometry goes through the CSSOM. */
const boxes = (figure, plot, ranges) => {
  for (const old of figure.querySelectorAll(".brush")) old.remove();
  const full = plot._fullLayout;
  for (const [at, [low, high]] of ranges) {
    const box = document.createElement("div");
    box.className = "brush";
    const top = full.yaxis._offset + full.yaxis.d2p(high);
    const bottom = full.yaxis._offset + full.yaxis.d2p(low);
    box.style.left = `${plot.offsetLeft + full.xaxis._offset + full.xaxis.d2p(at) - 7}px`;
    box.style.top = `${plot.offsetTop + top}px`;
    box.style.width = "14px";
    box.style.height = `${Math.max(3, bottom - top)}px`;
    figure.append(box);
  }
};

const apply = (figure) => {
  const { found, axes, ranges } = figure.parallel;
  setBrush(inside(found, axes, ranges));
  const queries = [...ranges].map(([at, range]) => axes[at].query(range));
  if (!ranges.size) document.dispatchEvent(new CustomEvent("espalier:clear"));
  else if (!queries.includes(null)) choose(figure, all(...queries) || "best != none");
};

/** Listen once: pointer, form, buttons. `figure.parallel` holds what was drawn last. */
const listen = (figure, plot) => {
  let begun = null;
  const spot = (event) => {
    const full = plot._fullLayout;
    const area = plot.getBoundingClientRect();
    const px = event.clientX - area.left - full.xaxis._offset;
    const at = Math.round(full.xaxis.p2d(px));
    const y = Math.min(1, Math.max(0, full.yaxis.p2d(event.clientY - area.top - full.yaxis._offset)));
    return { at, y, near: at >= 0 && at < figure.parallel.axes.length && Math.abs(full.xaxis.d2p(at) - px) < NEAR };
  };
  plot.addEventListener("pointerdown", (event) => {
    const here = spot(event);
    if (!here.near || event.button) return;
    begun = here;
    plot.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  plot.addEventListener("pointermove", (event) => {
    if (!begun) return;
    const { y } = spot(event);
    boxes(figure, plot, new Map([...figure.parallel.ranges, [begun.at, [Math.min(y, begun.y), Math.max(y, begun.y)]]]));
  });
  const finish = (event) => {
    if (!begun) return;
    const { y } = spot(event);
    const { ranges } = figure.parallel;
    // A click on an axis takes its brush away.
    if (Math.abs(y - begun.y) < 0.01) ranges.delete(begun.at);
    else ranges.set(begun.at, [Math.min(y, begun.y), Math.max(y, begun.y)]);
    begun = null;
    apply(figure);
  };
  plot.addEventListener("pointerup", finish);
  plot.addEventListener("pointercancel", finish);
  figure.querySelector("[data-brush-clear]").addEventListener("click", () => { figure.parallel.ranges.clear(); apply(figure); });
  // Another figure has selected, or the selection was cleared: this brush holds no longer.
  document.addEventListener("espalier:chosen", ({ detail }) => {
    if (detail.from === figure || !figure.parallel.ranges.size) return;
    figure.parallel.ranges.clear();
    setBrush(null);
  });
  figure.querySelector("[data-brush-form]").addEventListener("submit", (event) => {
    event.preventDefault();
    const { axis, low, high } = event.target.elements;
    const { axes, ranges } = figure.parallel;
    const ends = [low, high].map((input, i) => (input.value.trim() ? axes[axis.value].at(input.value.trim()) : i));
    if (ends.some(Number.isNaN)) {
      figure.querySelector("[data-note]").textContent = `${low.value} to ${high.value} is no range of ${axes[axis.value].name}; give two of its values.`;
      return;
    }
    ranges.set(Number(axis.value), [Math.min(...ends) - 1e-6, Math.max(...ends) + 1e-6]);
    apply(figure);
  });
};

export const draw = ({ figure, plot, data, colours, width }) => {
  const found = decode(data);
  followBrush(figure);
  const axes = axesOf(data, found);
  const first = !figure.parallel;
  const ranges = figure.parallel?.ranges ?? new Map();
  figure.parallel = { found, axes, ranges };
  const rows = [...found.trials.keys()].filter((i) => Number.isFinite(found.value[i]));
  if (!rows.length) return false;
  const standOut = apart(data);
  const marked = rows.filter((i) => standOut?.has(found.trials[i]));
  const faint = Math.min(0.35, Math.max(0.05, 25 / rows.length)) * (standOut ? 0.5 : 1);
  const best = found.trials.indexOf(found.best);
  const traces = [
    trace(axes, rows, { width: 1, color: fade(colours.ink, faint) }),
    trace(axes, marked, { width: 1.4, color: fade(colours.accent, marked.length > 100 ? 0.4 : 0.9) }, { meta: "brushed" }),
    trace(axes, best >= 0 ? [best] : [], { width: 2.2, color: colours.ink }),
    ...selection(data, colours).map(({ trial, colour, dash }) => ({ i: found.trials.indexOf(trial), colour, dash })).filter(({ i }) => i >= 0)
      .map(({ i, colour, dash }) => trace(axes, [i], { width: 2.4, color: colour, dash })),
  ];
  const room = Math.max(4, Math.floor((width - 80) / axes.length / 7));
  // Where names would run into each other, every second or third is written.
  const every = Math.max(1, Math.ceil((62 * axes.length) / width));
  const text = (what, at, y, yshift, extra = {}) => label(plain(short(what, room * every)), at, y, colours, { xanchor: at === 0 ? "left" : at === axes.length - 1 ? "right" : "center", yshift, ...extra });
  window.Plotly.react(plot, traces, layout(colours, {
    width, height: plot.clientHeight, margin: { l: 24, r: 24, t: 44, b: 24, pad: 0 }, dragmode: false,
    xaxis: { range: [-0.02, axes.length - 1 + 0.02], visible: false, fixedrange: true },
    yaxis: { range: [-0.02, 1.02], visible: false, fixedrange: true },
    shapes: axes.map((_, at) => ({ type: "line", x0: at, x1: at, y0: 0, y1: 1, line: { width: 1, color: colours.strong } })),
    annotations: axes.flatMap((axis, at) => ((at % every && at !== axes.length - 1) || (at !== axes.length - 1 && at > axes.length - 1 - every) ? [] : [
      text(axis.name, at, 1, 32, { font: { size: 11, weight: 600, color: colours.ink } }),
      text(axis.top, at, 1, 16, { font: { size: 11, color: colours["ink-3"] } }),
      text(axis.bottom, at, 0, -14, { font: { size: 11, color: colours["ink-3"] } }),
    ])),
  }), config);
  boxes(figure, plot, ranges);
  figure.querySelector("[data-brush-text]").textContent = words(axes, ranges, inside(found, axes, ranges));
  figure.querySelector("[data-brush-clear]").hidden = !ranges.size;
  const form = figure.querySelector("[data-brush-form]");
  form.hidden = false;
  const select = form.querySelector("[data-brush-axis]");
  if (select.childElementCount !== axes.length) select.replaceChildren(...axes.map((axis, at) => new Option(short(axis.name, 40), String(at))));
  if (first) listen(figure, plot);
  return `${data.told > found.n ? `${whole(found.n)} of ${whole(data.told)} trials are drawn. ` : ""}${short(data.objective, 40)} stands by rank, its better end on top.`;
};
