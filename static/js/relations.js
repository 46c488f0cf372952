// What the figures of relations share: the trials of relations.json in columns, places on axes, ticks, and one brush.
// Data: docs/charts.md, /studies/<id>/relations.json.
import { plain, short, unpack } from "./chart-common.js";

const decoded = new WeakMap();

/** Read relations.json once: {n, axes: [{name, place(value), at(place), values}], trials, kinds, value, better(a, b)}. */
export const decode = (data) => {
  if (decoded.has(data)) return decoded.get(data);
  const axes = data.axes.map((axis) => ({ ...axis, values: unpack(axis.values) }));
  const value = unpack(data.value);
  const finite = [...value].filter(Number.isFinite);
  const minimize = data.direction === "minimize";
  axes.forEach((axis) => Object.assign(axis, placer(axis)));
  const found = {
    axes, value, minimize, trials: data.trials, n: data.trials.length, kinds: data.kind.map((at) => data.kinds[at]),
    ranks: ranksOf(value, minimize), best: data.best, extent: [Math.min(...finite), Math.max(...finite)],
  };
  decoded.set(data, found);
  return found;
};

const placer = ({ log, low, high }) => {
  const [from, to] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const width = to - from || 1;
  return {
    place: (value) => ((log ? Math.log(value) : value) - from) / width,
    at: (place) => (log ? Math.exp(from + place * width) : from + place * width),
  };
};

/** Share of the drawn trials that are better, from 0 (best) to 1; NaN where nothing was told. */
const ranksOf = (value, minimize) => {
  const order = [...value.keys()].filter((i) => Number.isFinite(value[i])).sort((a, b) => (minimize ? 1 : -1) * (value[a] - value[b]));
  const ranks = new Float32Array(value.length).fill(NaN);
  order.forEach((i, at) => { ranks[i] = order.length > 1 ? at / (order.length - 1) : 0; });
  return ranks;
};

export const raw = (axis, value) => {
  if (!Number.isFinite(value)) return "not set";
  if (axis.choices) return axis.choices[Math.round(value)] ?? "?";
  const magnitude = value === 0 ? 0 : Math.abs(value);
  const text = magnitude && (magnitude < 1e-3 || magnitude >= 1e6) ? value.toExponential(1).replace(/\.0e/, "e").replace("e+", "e") : String(Number(value.toPrecision(4)));
  return text.replaceAll("-", "−");
};

/** Ticks of an axis in places from 0 to 1: {tickvals, ticktext}, at most `most` of them. */
export const ticks = (axis, most = 5) => {
  const values = axis.choices ? axis.choices.map((_, i) => i) : axis.log ? decades(axis, most) : nice(axis.low, axis.high, most);
  const kept = values.length > 12 ? values.filter((_, i) => i % Math.ceil(values.length / 12) === 0) : values;
  return { tickvals: kept.map(axis.place), ticktext: kept.map((value) => plain(short(raw(axis, value), 12))) };
};

const decades = ({ low, high }, most) => {
  const [from, to] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  if (to - from < 1) return [low, high];
  const every = Math.ceil((to - from + 1) / most);
  const found = [];
  for (let power = from; power <= to; power += every) found.push(10 ** power);
  return found;
};

const nice = (low, high, most) => {
  const rough = (high - low) / Math.max(1, most - 1) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((unit) => unit * power).find((unit) => unit >= rough * 0.999);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-6; at += step) found.push(at);
  return found;
};

/** The trials brushed on this page: a Set of numbers, or null. Every figure hears of a change. */
export const brush = { numbers: null };

export const setBrush = (numbers) => {
  brush.numbers = numbers;
  document.dispatchEvent(new CustomEvent("espalier:brush"));
};

const chosenOf = new WeakMap();

/** The trials that stand out on this page: those brushed, else those of a selection of more than are compared; or null. */
export const apart = (data) => {
  if (brush.numbers || !data.chosen) return brush.numbers;
  if (!chosenOf.has(data)) chosenOf.set(data, new Set(data.chosen));
  return chosenOf.get(data);
};

/** Redraw a figure when the brush changes. */
export const followBrush = (figure) => {
  if (figure.dataset.follows) return;
  figure.dataset.follows = "yes";
  document.addEventListener("espalier:brush", () => figure.dispatchEvent(new CustomEvent("espalier:redraw")));
};

/** The compared trials of the selection, in order: [{trial, letter, colour, dash}]. */
export const selection = (data, colours) => data.selected
  .map((trial, i) => ({ trial, letter: "ABCDEFGHIJKL"[i], colour: colours[`letter-${(i % 4) + 1}`], dash: i > 3 ? "dash" : "solid" }));

/** The range that holds nearly all values, the best end always; what leaves it is pinned to the edge and counted. */
export const robust = (values, minimize) => {
  const sorted = [...values].filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return null;
  const cut = Math.floor(0.03 * sorted.length);
  const [low, high] = minimize ? [sorted[0], sorted[sorted.length - 1 - cut]] : [sorted[cut], sorted[sorted.length - 1]];
  const margin = 0.06 * (high - low) || 0.05 * Math.abs(high) || 0.5;
  return [low - margin, high + margin];
};
