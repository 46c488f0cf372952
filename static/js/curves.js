// Every trial of a study, and where it was stopped. Data: docs/charts.md, /studies/<id>/curves.json.
import {
  axisNames, config, fade, join, label, layout, marker, number, plain, quantile, split, stepAxis, unpack, valueAxis, whole,
} from "./chart-common.js";
import { attachHover } from "./hover-card.js";

const LINES = {
  waiting: [1, 0.3, "solid"], failed: [1, 0.38, "solid"], speed: [1, 0.38, "solid"], risk: [1, 0.38, "solid"],
  paused: [1, 0.46, "solid"], generalisation: [1.4, 0.8, "solid"], control: [1, 0.6, "dot"], finished: [1.1, 0.5, "solid"],
  running: [1.8, 1, "solid"],
};
const STOPS = ["speed", "risk", "generalisation"];
const MARKED = [...STOPS, "paused", "failed", "stopped"];

/** One entry per trial: its curve along the chosen axis, and its ending. */
const readCurves = (data, axis) => {
  const ends = new Map(data.ends.map((end) => [end.trial, end]));
  return data.groups.flatMap((group) => {
    const along = axis === "seconds" && group.seconds ? { ...group, x: group.seconds } : group;
    const steps = unpack(group.x);
    return split(along).map((curve, i) => ({
      ...curve, kind: group.kind, end: ends.get(curve.trial),
      steps: steps.subarray(group.offsets[i], group.offsets[i] + curve.x.length),
    }));
  });
};

/** The span that holds nearly all values; what leaves it is pinned to the edge and counted. */
const valueRange = (curves, minimize, log) => {
  const values = curves.flatMap((curve) => [...curve.y]).filter((y) => Number.isFinite(y) && (!log || y > 0));
  if (!values.length) return null;
  const best = values.reduce((a, b) => (minimize ? Math.min(a, b) : Math.max(a, b)));
  // One trial that ran away for long has many values: half of the trials' worst ones bound what all may take up.
  const typical = quantile(curves.map((curve) => quantile(curve.y, minimize ? 1 : 0)), 0.5);
  const [edge, reach] = [quantile(values, minimize ? 0.985 : 0.015), best + 1.6 * (typical - best)];
  const worst = minimize ? Math.min(edge, reach) : Math.max(edge, reach);
  const [low, high] = log ? [best, worst].map(Math.log10) : [best, worst];
  const margin = 0.05 * Math.abs(high - low) || 0.5;
  return [Math.min(low, high) - margin, Math.max(low, high) + margin];
};

const lineTraces = (curves, best, colours) => {
  const kinds = Object.keys(LINES).filter((kind) => curves.some((curve) => curve.kind === kind));
  const traces = kinds.map((kind) => {
    const [width, alpha, dash] = LINES[kind];
    const chosen = curves.filter((curve) => curve.kind === kind && curve.trial !== best);
    return { type: "scatter", mode: "lines", hoverinfo: "none", ...join(chosen), line: { width, dash, color: fade(colours[kind], alpha) } };
  });
  const top = curves.find((curve) => curve.trial === best);
  if (top) traces.push({ type: "scatter", mode: "lines", hoverinfo: "none", ...join([top]), line: { width: 2.4, color: colours.ink } });
  return traces;
};

/** Move marks that would hide each other sideways. */
const dodge = (marks, perX, perY) => {
  const placed = [];
  for (const mark of [...marks].sort((a, b) => a.y - b.y)) {
    let shift = 0;
    const hits = (at) => placed.some((other) => Math.abs(other.px - at) < 7 && Math.abs(other.py - mark.y * perY) < 7);
    const px = mark.x * perX;
    for (let i = 1; i < 24 && hits(px + shift); i += 1) shift = Math.ceil(i / 2) * 7 * (i % 2 ? 1 : -1);
    placed.push({ ...mark, px: px + shift, py: mark.y * perY, x: (px + shift) / perX });
  }
  return placed;
};

const markTraces = (curves, range, log, colours, scale) => {
  const real = (y) => (log ? Math.log10(y) : y);
  const marks = curves.filter((curve) => MARKED.includes(curve.kind) && curve.x.length).map((curve) => {
    const y = real(curve.y[curve.y.length - 1]);
    const inside = Number.isFinite(y) ? Math.min(Math.max(y, range[0]), range[1]) : range[1];
    return { x: curve.x[curve.x.length - 1], y: inside, out: inside !== y, curve };
  });
  const placed = dodge(marks, scale.x, scale.y);
  return { placed, traces: MARKED.map((kind) => {
    const own = placed.filter((mark) => mark.curve.kind === kind);
    return {
      type: "scatter", mode: "markers", hoverinfo: "none", cliponaxis: false, marker: marker(kind, colours),
      x: own.map((mark) => mark.x), y: own.map((mark) => (log ? 10 ** mark.y : mark.y)), customdata: own.map((mark) => mark.curve.trial),
    };
  }).filter((trace) => trace.x.length) };
};

const runningDots = (curves, colours) => {
  const own = curves.filter((curve) => curve.kind === "running" && curve.x.length);
  return { type: "scatter", mode: "markers", hoverinfo: "none", cliponaxis: false, marker: marker("running", colours, 9),
    x: own.map((c) => c.x[c.x.length - 1]), y: own.map((c) => c.y[c.y.length - 1]), customdata: own.map((c) => c.trial) };
};

/** Stops as stacked bars by step above the plot. */
const stopBars = (curves, span, colours) => {
  const bin = span / 60;
  const counts = new Map();
  for (const curve of curves) {
    if (!STOPS.includes(curve.kind) || !curve.x.length) continue;
    const at = Math.round(curve.x[curve.x.length - 1] / bin) * bin;
    const entry = counts.get(at) ?? { at, total: 0 };
    entry[curve.kind] = (entry[curve.kind] ?? 0) + 1;
    entry.total += 1;
    counts.set(at, entry);
  }
  const bars = [...counts.values()];
  return { bars, traces: STOPS.map((kind) => ({
    type: "bar", xaxis: "x2", yaxis: "y2", hoverinfo: "skip", width: bin * 0.85, marker: { color: colours[kind], line: { width: 0 } },
    x: bars.map((bar) => bar.at), y: bars.map((bar) => bar[kind] ?? 0),
  })) };
};

const cutMarks = (data, log, colours) => {
  const half = data.horizon * 0.018;
  return {
    shapes: data.cuts.map((cut) => ({ type: "line", x0: cut.step - half, x1: cut.step + half, y0: cut.value, y1: cut.value, line: { color: colours.ink, width: 2 } })),
    annotations: data.cuts.map((cut) => label(`cut at ${whole(cut.step)}: ${number(cut.value)}`, cut.step + half, log ? Math.log10(cut.value) : cut.value, colours,
      { xanchor: cut.step > 0.75 * data.horizon ? "right" : "left", xshift: 2, yshift: data.direction === "minimize" ? -9 : 9, bgcolor: fade(colours.paper, 0.85), borderpad: 1 })),
  };
};

const bestOf = (curve, sign) => sign * [...curve.y].filter(Number.isFinite).reduce((a, b) => Math.min(a, sign * b), Infinity);

/** Labels at the end of the lines that matter, kept apart; the others are counted. */
const endLabels = (curves, data, range, log, colours, scale) => {
  const sign = data.direction === "minimize" ? 1 : -1;
  const done = curves.filter((curve) => ["finished", "control"].includes(curve.kind) && curve.y.length)
    .sort((a, b) => sign * (a.y[a.y.length - 1] - b.y[b.y.length - 1]));
  const first = done.filter((curve) => curve.trial === data.best);
  const named = [...first, ...done.filter((curve) => curve.trial !== data.best).slice(0, 4)];
  const taken = [];
  const texts = [];
  for (const curve of named) {
    const y = log ? Math.log10(curve.y[curve.y.length - 1]) : curve.y[curve.y.length - 1];
    const py = y * scale.y;
    if (taken.some((other) => Math.abs(other - py) < 12)) continue;
    taken.push(py);
    const best = curve.trial === data.best;
    texts.push(label(best ? `${curve.trial} best, ${number(bestOf(curve, sign))}` : `${curve.trial}`, 1, Math.min(Math.max(y, range[0]), range[1]), colours,
      { xref: "paper", xshift: 6, font: { size: 11, weight: best ? 600 : 400, color: best ? colours.ink : colours["ink-2"] } }));
  }
  const rest = done.length - texts.length;
  const spared = done.filter((curve) => curve.kind === "control").length - named.filter((curve) => curve.kind === "control").length;
  if (rest > 0) texts.push(label(`${rest} more finished${spared > 0 ? `,<br>${spared} of them spared` : ""}`, 1, 1, colours, { xref: "paper", yref: "paper", align: "left", xshift: 6, yanchor: "top", font: { size: 11, color: colours["ink-3"] } }));
  return texts;
};

const pinned = (placed, colours) => {
  const out = placed.filter((mark) => mark.out);
  if (!out.length) return [];
  const counts = {};
  for (const mark of out) counts[mark.curve.end?.code ?? mark.curve.kind] = (counts[mark.curve.end?.code ?? mark.curve.kind] ?? 0) + 1;
  const words = Object.entries(counts).map(([code, n]) => `${n} ${plain(code)}`).join(", ");
  return [label(`beyond the scale: ${words}`, 0.5, 1, colours, { xref: "paper", yref: "y domain", xanchor: "center", yshift: 8, font: { size: 11, color: colours["risk-text"] } })];
};

/** The stop mark under a point of a line, if there is one: a mark says more than the line that passes below it. */
const markAt = (point, placed, log, scale) => {
  const near = (mark) => Math.hypot((mark.x - point.x) * scale.x, (mark.y - (log ? Math.log10(point.y) : point.y)) * scale.y);
  const closest = placed.reduce((best, mark) => (near(mark) < near(best) ? mark : best), placed[0]);
  return closest && near(closest) < 8 ? closest : null;
};

const describe = (curves, placed, log, scale, unit) => {
  const byTrial = new Map(curves.map((curve) => [curve.trial, curve]));
  return (point) => {
    const onMark = point.data.mode === "markers";
    const mark = onMark ? null : markAt(point, placed, log, scale);
    const curve = mark?.curve ?? byTrial.get(point.customdata);
    if (!curve) return null;
    const atEnd = onMark || mark;
    const i = curve.x.indexOf(Math.fround(point.x));
    const step = atEnd ? curve.end?.step ?? curve.steps[curve.steps.length - 1] : curve.steps[Math.max(i, 0)];
    const value = atEnd ? curve.y[curve.y.length - 1] : point.y;
    return {
      kind: curve.kind, title: `Trial ${curve.trial}`, word: curve.end?.code ?? curve.kind, step: `step ${whole(step)}`,
      sentence: curve.end?.sentence || `${number(value)} at ${whole(step)} ${unit}.`, url: curve.end?.url,
      ...(mark ? { x: mark.x, y: log ? 10 ** mark.y : mark.y } : {}),
    };
  };
};

export const draw = ({ figure, plot, data, state, colours, width }) => {
  const curves = readCurves(data, state.axis).filter((curve) => curve.x.length);
  if (!curves.length) return false;
  const log = state.scale === "log";
  const range = valueRange(curves, data.direction === "minimize", log);
  if (!range) return false;
  const seconds = figure.querySelector('[data-axis="seconds"]');
  if (seconds) {
    seconds.hidden = !data.groups.some((group) => group.seconds);
    seconds.parentElement.hidden = seconds.hidden;
  }
  const span = state.axis === "seconds" ? Math.max(...curves.map((curve) => curve.x[curve.x.length - 1])) : data.horizon;

  const narrow = width < 560;
  const margin = { l: 48, r: narrow ? 24 : 116, t: 26, b: 36, pad: 0 };
  const inner = { w: width - margin.l - margin.r, h: (plot.clientHeight - margin.t - margin.b) * 0.85 };
  const scale = { x: inner.w / span, y: inner.h / (range[1] - range[0]) };
  const { placed, traces: marks } = markTraces(curves, range, log, colours, scale);
  const { bars, traces: stops } = stopBars(curves, span, colours);
  const cuts = state.axis === "step" ? cutMarks(data, log, colours) : { shapes: [], annotations: [] };
  const tallest = Math.max(1, ...bars.map((bar) => bar.total));
  const names = axisNames({ objective: data.objective, unit: state.axis === "seconds" ? "seconds" : data.unit }, colours);
  names[0].yref = "y domain";

  window.Plotly.react(plot, [...lineTraces(curves, data.best, colours), runningDots(curves, colours), ...marks, ...stops], layout(colours, {
    width, height: plot.clientHeight, margin, barmode: "stack",
    xaxis: state.axis === "step" ? stepAxis(span, data.looks, inner.w, colours) : { range: [0, span * 1.005], gridcolor: colours.hairline, zeroline: false, nticks: 6 },
    yaxis: valueAxis(colours, { domain: [0, 0.85], range, type: log ? "log" : "linear", nticks: log ? 5 : 8 }),
    xaxis2: { matches: "x", anchor: "y2", visible: false },
    yaxis2: { domain: [0.91, 1], range: [0, tallest], visible: false, fixedrange: true },
    shapes: cuts.shapes,
    annotations: [
      ...names, ...cuts.annotations, ...(narrow ? [] : endLabels(curves, data, range, log, colours, scale)), ...pinned(placed, colours),
      ...(bars.length ? [label("stopped,<br>by step", 0, 0.95, colours, { xref: "paper", yref: "paper", xshift: -46, align: "left", font: { size: 11, color: colours["ink-3"] } })] : []),
      ...bars.map((bar) => label(String(bar.total), bar.at, bar.total, colours, { xref: "x2", yref: "y2", xanchor: "center", yanchor: "bottom", font: { size: 11, color: colours["ink-2"] } })),
    ],
    uirevision: `${state.axis}-${state.scale}`,
  }), config);
  attachHover(figure, plot, describe(curves, placed, log, scale, data.unit));
  return data.left_out ? `${whole(data.left_out)} older trials are not drawn; the table has them.` : true;
};
