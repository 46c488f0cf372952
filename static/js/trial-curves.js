// One trial: its verdicts above, its curves, its attempts below, on one axis. Data: docs/charts.md,
// /studies/<id>/trials/<number>/curves.json.
import { bandTraces } from "./bands.js";
import { axisNames, config, fade, label, layout, marker, number, plain, short, stepAxis, unpack, valueAxis, whole } from "./chart-common.js";
import { dodge, lastTold } from "./labels.js";
import { attachHover } from "./hover-card.js";

const SIGNS = { keep: "→", abstain: "–", warn: "!", resume: "▷", paused: "‖", pause: "‖" };
const SIGN_SIZE = 17;

const curveTraces = (data, colours) => Object.entries(data.series).slice(0, 3).map(([name, packed], i) => ({
  type: "scatter", mode: "lines", hoverinfo: i ? "skip" : "none", name, x: [...unpack(packed.x)], y: [...unpack(packed.y)],
  line: i ? { width: 1, color: fade(colours.ink, 0.5), dash: i === 1 ? "dot" : "solid" } : { width: 2.4, color: colours[data.kind] ?? colours.ink },
}));

/** Move signs that fall on one step apart, so that a pause and its resumption both show. */
const apart = (verdicts, perPixel) => {
  let last = -Infinity;
  return [...verdicts].sort((a, b) => a.step - b.step).map((verdict) => {
    last = Math.max(verdict.step, last + 13 * perPixel);
    return { ...verdict, at: last };
  });
};

const verdictTraces = (given, perPixel, colours) => {
  const verdicts = apart(given, perPixel);
  const signs = verdicts.filter((verdict) => verdict.kind in SIGNS);
  const marks = verdicts.filter((verdict) => !(verdict.kind in SIGNS));
  return [
    { type: "scatter", mode: "text", hoverinfo: "none", yaxis: "y3", x: signs.map((v) => v.at), y: signs.map(() => 0.5), text: signs.map((v) => SIGNS[v.kind]),
      textfont: { size: SIGN_SIZE, color: colours["ink-2"] }, customdata: signs, cliponaxis: false },
    { type: "scatter", mode: "markers", hoverinfo: "none", yaxis: "y3", x: marks.map((v) => v.at), y: marks.map(() => 0.5), customdata: marks, cliponaxis: false,
      marker: { symbol: marks.map((v) => marker(v.kind, colours).symbol), size: 10, color: marks.map((v) => colours[v.kind] ?? colours.ink), line: { width: 1, color: colours.paper } } },
  ];
};

const bar = (attempt, from, to, colours, lost) => ({
  type: "bar", orientation: "h", hoverinfo: "skip", yaxis: "y2", base: [from], x: [Math.max(to - from, 0)], y: [attempt.number], width: 0.42,
  marker: lost
    ? { color: colours.paper, pattern: { shape: "/", fgcolor: colours.failed, bgcolor: colours.paper, size: 5, solidity: 0.5 } }
    : { color: attempt.kind === "paused" || attempt.kind === "failed" ? fade(colours.paused, 0.46) : colours[attempt.kind] ?? colours.ink },
});

const attemptTraces = (attempts, colours) => attempts.flatMap((attempt) => {
  const solid = attempt.lost_from ?? attempt.to;
  return [bar(attempt, attempt.from, solid, colours, false), ...(solid < attempt.to ? [bar(attempt, solid, attempt.to, colours, true)] : [])];
});

const attemptTexts = (attempts, horizon, colours) => attempts.flatMap((attempt) => [
  label(String(attempt.number), 0, attempt.number, colours, { yref: "y2", xref: "paper", xanchor: "right", xshift: -8, font: { size: 11, color: colours["ink-3"] } }),
  label(plain(attempt.text), attempt.to, attempt.number, colours, { yref: "y2", xanchor: attempt.to > 0.6 * horizon ? "right" : "left", xshift: attempt.to > 0.6 * horizon ? -6 : 6,
    font: { size: 11, color: attempt.to > 0.6 * horizon && !["paused", "failed"].includes(attempt.kind) ? colours.paper : attempt.kind === "failed" ? colours.failed : colours["ink-2"] } }),
]);

const endTexts = (data, traces, range, height, colours) => {
  const told = traces.filter((trace) => lastTold(trace.y) >= 0);
  const ends = told.map(({ y }) => Math.min(Math.max(y[lastTold(y)], range[0]), range[1]));
  const own = ends.map((y) => ((y - range[0]) * height) / (range[1] - range[0]));
  const apart = dodge(own, height);
  return told.map((trace, i) => {
    return label(plain(short(trace.name)), 1, ends[i], colours, { xref: "paper", xshift: 6, yshift: apart[i] - own[i], font: { size: 11, weight: i ? 400 : 600, color: i ? colours["ink-3"] : colours[data.kind] ?? colours.ink } });
  });
};

const family = (name) => name.split(/[_/ .]/).at(-1);

/** What shares an axis: the chosen metric and those of its family, val_loss and train_loss; cuts and bands are the objective's. */
const chosenSeries = (data, name) => {
  const chosen = name in data.series ? name : Object.keys(data.series)[0];
  if (!chosen) return { ...data, series: {} };
  const near = Object.keys(data.series).filter((other) => other !== chosen && family(other) === family(chosen));
  const series = Object.fromEntries([chosen, ...near].map((key) => [key, data.series[key]]));
  if (chosen === data.objective) return { ...data, series };
  return { ...data, series, objective: chosen, cuts: [], band: null, best: null };
};

/** A list to choose the metric from, made once. */
const metricChoice = (figure, data) => {
  const existing = figure.querySelector("[data-metric]");
  if (existing || Object.keys(data.series).length < 2) return existing;
  const select = document.createElement("select");
  select.dataset.metric = "";
  select.setAttribute("aria-label", "Metric");
  for (const name of Object.keys(data.series)) select.add(new Option(name, name));
  select.addEventListener("change", () => figure.dispatchEvent(new CustomEvent("espalier:redraw")));
  figure.querySelector("[data-controls]").prepend(select);
  return select;
};

const valueRange = (traces, data) => {
  const values = traces.flatMap((trace) => trace.y).concat(data.cuts.map((cut) => cut.value), [...unpack(data.band?.p25)], [...unpack(data.band?.p75)]).filter(Number.isFinite).sort((a, b) => a - b);
  if (!values.length) return null;
  const [low, high] = [values[0], values[Math.floor(0.99 * (values.length - 1))]];
  const margin = 0.07 * (high - low) || 0.5;
  return [low - margin, high + margin];
};

export const draw = ({ figure, plot, data: given, state, colours, width }) => {
  const data = chosenSeries(given, metricChoice(figure, given)?.value ?? given.objective);
  const curves = curveTraces(data, colours);
  const range = valueRange(curves, data);
  if (!range || !curves[0]?.x.length) return false;
  const log = state.scale === "log" && range[0] > 0;
  const narrow = width < 560;
  const margin = { l: 48, r: narrow ? 24 : 96, t: 26, b: 34, pad: 0 };
  const inner = width - margin.l - margin.r;
  const bottom = Math.min(0.12 + 0.05 * data.attempts.length, 0.4);
  const half = data.horizon * 0.018;
  const where = log ? Math.log10 : (value) => value;
  const best = data.best;
  const names = axisNames(data, colours);
  names[0].yref = "y domain";
  window.Plotly.react(plot, [
    ...bandTraces(data.band, colours), ...curves, ...verdictTraces(data.verdicts, data.horizon / inner, colours), ...attemptTraces(data.attempts, colours),
    ...(best ? [{ type: "scatter", mode: "markers", hoverinfo: "skip", x: [best.step], y: [best.value], marker: { size: 8, color: colours.paper, line: { width: 2, color: colours[data.kind] ?? colours.ink } } }] : []),
  ], layout(colours, {
    width, height: plot.clientHeight, margin, barmode: "overlay", dragmode: false,
    xaxis: stepAxis(data.horizon, data.looks, inner, colours, { anchor: "y2" }),
    yaxis: valueAxis(colours, { domain: [bottom, 0.86], range: range.map(where), type: log ? "log" : "linear", nticks: 7 }),
    yaxis2: { domain: [0, Math.max(bottom - 0.06, 0.05)], range: [data.attempts.length + 0.6, 0.4], visible: false },
    yaxis3: { domain: [0.93, 1], range: [0, 1], visible: false },
    shapes: [
      { type: "line", xref: "paper", x0: 0, x1: 1, yref: "y3", y0: 0.5, y1: 0.5, line: { color: colours.hairline, width: 1 }, layer: "below" },
      ...data.cuts.map((cut) => ({ type: "line", x0: cut.step - half, x1: cut.step + half, y0: cut.value, y1: cut.value, line: { color: colours.ink, width: 2 } })),
    ],
    annotations: [
      ...names, label("verdict", 0, 0.5, colours, { xref: "paper", yref: "y3", xanchor: "right", xshift: -6, font: { size: 11, color: colours["ink-3"] } }),
      ...data.cuts.map((cut) => label(`cut ${number(cut.value)}`, cut.step, where(cut.value), colours, { xanchor: "center", yshift: -9, bgcolor: fade(colours.paper, 0.8) })),
      ...(best ? [label(`best ${number(best.value)}`, best.step, where(best.value), colours, { font: { size: 11, weight: 600, color: colours.ink }, xanchor: "center", yshift: 14, bgcolor: fade(colours.paper, 0.8) })] : []),
      ...attemptTexts(data.attempts, data.horizon, colours), ...(narrow || log ? [] : endTexts(data, curves, range, (plot.clientHeight - 60) * (0.86 - bottom), colours)),
    ],
    uirevision: `${state.scale}-${data.objective}`,
  }), config);
  attachHover(figure, plot, (point) => {
    const verdict = point.customdata?.kind ? point.customdata : null;
    if (verdict) return { kind: { paused: "paused", pause: "paused" }[verdict.kind] ?? verdict.kind, title: "Verdict", word: verdict.kind, step: `step ${whole(verdict.step)}`, sentence: verdict.sentence };
    return { kind: data.kind, title: data.objective, word: "", step: `step ${whole(point.x)}`, sentence: number(point.y) };
  });
  return true;
};
