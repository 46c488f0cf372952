// What policies cost against what they lose. Data: docs/charts.md, /lab/<id>/frontier.json.
// Compute on a log scale; regret on a square root, so the roots are drawn and the ticks say the regret.
import { config, label, layout, plain, short } from "./chart-common.js";
import { attachHover } from "./hover-card.js";
import { place } from "./labels.js";

const COMPUTE = [0.5, 1, 2, 3, 5, 10, 15, 20, 30, 40, 50, 70, 100];
const REGRET = [0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1, 2, 4];
const SYMBOLS = { ours: "circle", peer: "circle", reference: "cross-thin-open" };

const root = (value) => Math.sqrt(Math.max(0, value));

const bars = (policies, figure, of) => ({
  type: "data", symmetric: false, thickness: 1, width: 0,
  array: policies.map((one) => of(one[figure].high) - of(one[figure].value)),
  arrayminus: policies.map((one) => of(one[figure].value) - of(one[figure].low)),
});

const percent = (share) => 100 * share;

const points = (policies, kind, colours) => {
  const colour = kind === "ours" ? colours.ink : colours["ink-3"];
  return {
    type: "scatter", mode: "markers", hoverinfo: "none", name: kind, cliponaxis: false,
    x: policies.map((one) => percent(one.compute.value)), y: policies.map((one) => root(one.regret.value)), customdata: policies,
    error_x: { ...bars(policies, "compute", percent), color: colour }, error_y: { ...bars(policies, "regret", root), color: colour },
    marker: { symbol: SYMBOLS[kind], size: kind === "reference" ? 12 : 9, color: { ours: colours.ink, peer: colours.paper, reference: colours.ink }[kind],
      line: { width: kind === "ours" ? 1 : 1.6, color: { ours: colours.paper, peer: colour, reference: colours.ink }[kind] } },
  };
};

const dialTrace = (data, colours) => {
  const by = new Map(data.policies.map((one) => [one.name, one]));
  const chosen = data.dial.map((name) => by.get(name)).filter(Boolean);
  return { type: "scatter", mode: "lines", hoverinfo: "skip", name: "dial", x: chosen.map((one) => percent(one.compute.value)), y: chosen.map((one) => root(one.regret.value)), line: { width: 1.8, color: colours.ink } };
};

// Policies that judge alike stand on one spot: they share a label.
const spots = (policies) => {
  const found = new Map();
  for (const one of policies) {
    const key = `${one.compute.value.toFixed(4)} ${one.regret.value.toFixed(5)}`;
    found.set(key, [...(found.get(key) ?? []), one]);
  }
  return [...found.values()].map((group) => ({ one: group[0], text: short(group.map((other) => other.name).join(", "), 30) }));
};

const texts = (data, ranges, size, colours) => {
  const [x0, x1] = ranges.x;
  const [y0, y1] = ranges.y;
  const named = spots(data.policies);
  const marks = named.map(({ one, text }) => ({
    text, x: size.width * (Math.log10(percent(one.compute.value)) - x0) / (x1 - x0), y: size.height * (1 - (root(one.regret.value) - y0) / (y1 - y0)),
  }));
  return place(marks, size).map(({ index, dx, dy, anchor }) => {
    const { one, text } = named[index];
    const strong = one.kind === "ours" || one.name === data.against;
    return label(plain(text), Math.log10(percent(one.compute.value)), root(one.regret.value), colours, {
      xanchor: anchor, xshift: dx, yshift: -dy, font: { size: 11, weight: strong ? 600 : 400, color: one.kind === "ours" ? colours.ink : colours["ink-2"] },
    });
  });
};

export const draw = ({ figure, plot, data, colours, width }) => {
  if (!data.policies.length) return false;
  const margin = { l: 44, r: 16, t: 26, b: 36, pad: 0 };
  const size = { width: width - margin.l - margin.r, height: plot.clientHeight - margin.t - margin.b };
  const ends = data.policies.flatMap((one) => [one.compute.low, one.compute.value, one.compute.high]).map(percent).filter((value) => value > 0);
  const most = Math.max(...data.policies.flatMap((one) => [one.regret.value, one.regret.high]), 0.01);
  const ranges = {
    x: [Math.log10(Math.min(...ends) * 0.78), Math.log10(Math.max(...ends) * 1.22)],
    y: [-0.06 * root(most), 1.06 * root(most)],
  };
  const ticks = COMPUTE.filter((value) => Math.log10(value) >= ranges.x[0] && Math.log10(value) <= ranges.x[1]);
  const regrets = REGRET.filter((value) => root(value) <= ranges.y[1]).filter((value, i, all) => {
    const next = all[i + 1];
    return next === undefined || value === 0 || (root(next) - root(value)) / (ranges.y[1] - ranges.y[0]) * size.height > 26;
  });
  const reference = data.policies.find((one) => one.name === data.against);
  const dotted = { color: colours["ink-4"], width: 1, dash: "dot" };
  const kinds = ["peer", "reference", "ours"].map((kind) => [kind, data.policies.filter((one) => one.kind === kind)]);
  window.Plotly.react(plot, [dialTrace(data, colours), ...kinds.map(([kind, policies]) => points(policies, kind, colours))], layout(colours, {
    width, height: plot.clientHeight, margin, dragmode: false,
    xaxis: { type: "log", range: ranges.x, tickvals: ticks, ticktext: ticks.map((value) => (value === ticks[0] ? `${value} %` : String(value))), ticks: "outside", ticklen: 4, tickcolor: colours.strong, showgrid: false, zeroline: false, fixedrange: true },
    yaxis: { range: ranges.y, tickvals: regrets.map(root), ticktext: regrets.map(String), ticks: "", gridcolor: colours.hairline, zeroline: false, fixedrange: true, tickfont: { color: colours["ink-3"] } },
    shapes: reference ? [
      { type: "line", xref: "x", x0: percent(reference.compute.value), x1: percent(reference.compute.value), yref: "paper", y0: 0, y1: 1, line: dotted, layer: "below" },
      { type: "line", xref: "paper", x0: 0, x1: 1, y0: root(reference.regret.value), y1: root(reference.regret.value), line: dotted, layer: "below" },
    ] : [],
    annotations: [
      label("regret, square root", 0, 1, colours, { xref: "paper", yref: "paper", xshift: -42, yshift: 14, font: { size: 11, color: colours["ink-3"] } }),
      label("share of the steps spent, log", 1, 0, colours, { xref: "paper", yref: "paper", xanchor: "right", yshift: -29, font: { size: 11, color: colours["ink-3"] } }),
      ...texts(data, ranges, size, colours),
    ],
  }), config);
  attachHover(figure, plot, ({ customdata: one }) => one && {
    kind: one.kind === "ours" ? "finished" : "waiting", title: one.name, word: "", step: one.compute.text,
    sentence: `Compute ${one.compute.text} (${one.compute.interval}), regret ${one.regret.text} (${one.regret.interval}), best lost in ${one.lost.text} of replays (${one.lost.interval}).`,
  });
  return true;
};
