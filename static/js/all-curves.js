// The page of curves: lines or a density, in one picture or several. Data: docs/charts.md, /studies/<id>/curves/data.json.
// What is drawn stands in the address; curve-view.js keeps it there.
import { alongAxis, axisNames, config, fade, join, label, layout, marker, number, plain, short, split, unpack, valueAxis, whole } from "./chart-common.js";
import { densityImages, groupTraces, keepCells, quantileTraces } from "./density.js";
import { attachHover } from "./hover-card.js";
import { dodge } from "./labels.js";
import { cutsMet, showCuts } from "./cuts-met.js";

const LINES = {
  waiting: [1, 0.3, "solid"], failed: [1, 0.38, "solid"], speed: [1, 0.38, "solid"], risk: [1, 0.38, "solid"], stopped: [1, 0.38, "solid"],
  paused: [1, 0.46, "solid"], generalisation: [1.4, 0.8, "solid"], control: [1, 0.6, "dot"], finished: [1.1, 0.5, "solid"], running: [1.8, 1, "solid"],
};
const STOPS = ["speed", "risk", "generalisation"];
const MARKED = [...STOPS, "paused", "failed", "stopped"];
const BARS = 0.1;

/** Exponential moving average, as training dashboards draw it: the first values count in full. */
const smoothed = (values, weight) => {
  let [sum, norm] = [0, 0];
  return Array.from(values, (value) => {
    if (!Number.isFinite(value)) return value;
    sum = weight * sum + (1 - weight) * value;
    norm = weight * norm + (1 - weight);
    return sum / norm;
  });
};

const readCurves = (panel) => {
  const ends = new Map(panel.ends.map((end) => [end.trial, end]));
  return panel.groups.flatMap((group) => split(group).map((curve) => ({ ...curve, kind: group.kind, end: ends.get(curve.trial) })));
};

const line = (curves, width, dash, color, extra = {}) => ({ type: "scatter", mode: "lines", hoverinfo: "none", ...join(curves), line: { width, dash, color }, ...extra });

const lineTraces = (curves, data, smooth, selected, colours) => {
  const traces = [];
  const draw = (name, own, width, alpha, dash, colour) => {
    if (!own.length) return;
    // Smoothed lines stand over what was told, which stays visible.
    traces.push(line(own, smooth ? 1 : width, dash, fade(colour, smooth ? alpha * 0.35 : alpha), { name }));
    if (smooth) traces.push(line(own.map((curve) => ({ ...curve, y: smoothed(curve.y, smooth) })), width, dash, fade(colour, Math.min(1, alpha + 0.2)), { hoverinfo: "skip", name: `${name}, smoothed` }));
  };
  const apart = new Set([data.best, ...selected]);
  for (const [kind, [width, alpha, dash]] of Object.entries(LINES)) {
    draw(kind, curves.filter((curve) => curve.kind === kind && !apart.has(curve.trial)), width, alpha, dash, colours[kind] ?? colours["ink-2"]);
  }
  selected.forEach((trial, i) => draw(`selected ${trial}`, curves.filter((curve) => curve.trial === trial), 2.4, 1, i > 3 ? "dash" : "solid", colours[`letter-${(i % 4) + 1}`]));
  if (!selected.includes(data.best)) draw("best", curves.filter((curve) => curve.trial === data.best), 2.4, 1, "solid", colours.ink);
  return traces;
};

const clamp = (value, [low, high]) => (Number.isFinite(value) ? Math.min(Math.max(value, low), high) : high);

/** Where each ended trial stands, moved sideways in piles; those that leave the scale are pinned to its edge. */
const marksOf = (curves, scale, widest) => {
  const taken = new Map();
  return curves.filter((curve) => MARKED.includes(curve.kind) && curve.x.length).map((curve) => {
    const x = curve.x[curve.x.length - 1];
    const told = curve.y[curve.y.length - 1];
    const y = clamp(told, scale.range);
    const cell = `${Math.round(scale.px(x) / 7)}:${Math.round(scale.py(y) / 7)}`;
    const before = taken.get(cell) ?? 0;
    taken.set(cell, before + 1);
    const shift = Math.min(widest, Math.ceil(before / 2)) * 7 * (before % 2 ? 1 : -1);
    return { x: scale.moved(x, shift), y, out: y !== told, curve };
  });
};

const markTraces = (marks, colours) => MARKED.map((kind) => {
  const own = marks.filter((mark) => mark.curve.kind === kind);
  return { type: "scatter", mode: "markers", hoverinfo: "none", cliponaxis: false, name: `${kind}, where it ended`, marker: marker(kind, colours),
    x: own.map((mark) => mark.x), y: own.map((mark) => mark.y), customdata: own.map((mark) => mark.curve.trial) };
}).filter((trace) => trace.x.length);

const runningDots = (curves, colours) => {
  const own = curves.filter((curve) => curve.kind === "running" && curve.x.length);
  return { type: "scatter", mode: "markers", hoverinfo: "none", cliponaxis: false, name: "running, where it stands", marker: marker("running", colours, 9),
    x: own.map((c) => c.x[c.x.length - 1]), y: own.map((c) => c.y[c.y.length - 1]), customdata: own.map((c) => c.trial) };
};

/** The stops along the axis: counted by the server over a density, here where every curve is drawn. */
const stopsOf = (panel, curves, span) => {
  if (panel.density || panel.bands.length) return panel.stops;
  const found = new Map();
  for (const curve of curves) {
    if (!STOPS.includes(curve.kind) || !curve.x.length) continue;
    const at = Math.round(curve.x[curve.x.length - 1] / (span / 120)) * (span / 120);
    const entry = found.get(at) ?? { at, speed: 0, risk: 0, generalisation: 0 };
    entry[curve.kind] += 1;
    found.set(at, entry);
  }
  return [...found.values()];
};

const total = (stop) => stop.speed + stop.risk + stop.generalisation;

const stopTraces = (stops, width, colours) => STOPS.map((kind) => ({
  type: "bar", xaxis: "x", yaxis: "y2", hoverinfo: "none", name: `stopped for ${kind}`, width, marker: { color: colours[kind], line: { width: 0 } }, customdata: stops.map(() => kind),
  x: stops.map((stop) => stop.at), y: stops.map((stop) => stop[kind]),
}));

const where = (value, log) => (log ? Math.log10(value) : value);

const endLabels = (curves, data, scale, log, colours) => {
  const taken = [];
  const sign = data.direction === "minimize" ? 1 : -1;
  const done = curves.filter((curve) => ["finished", "control"].includes(curve.kind) && curve.y.length).sort((a, b) => sign * (a.y[a.y.length - 1] - b.y[b.y.length - 1]));
  const named = [...done.filter((curve) => curve.trial === data.best), ...done.filter((curve) => curve.trial !== data.best).slice(0, 4)];
  return named.flatMap((curve) => {
    const y = clamp(curve.y[curve.y.length - 1], scale.range);
    if (taken.some((other) => Math.abs(other - scale.py(y)) < 12)) return [];
    taken.push(scale.py(y));
    const best = curve.trial === data.best;
    return [label(`${curve.trial}${best ? " best" : ""}${best && data.best_value !== null ? `, ${number(data.best_value)}` : ""}`, 1, where(y, log), colours,
      { xref: "paper", xshift: 6, font: { size: 11, weight: best ? 600 : 400, color: best ? colours.ink : colours["ink-2"] } })];
  });
};

const cutMarks = (data, half, log, colours) => ({
  shapes: data.cuts.map((cut) => ({ type: "line", x0: cut.step - half, x1: cut.step + half, y0: cut.value, y1: cut.value, line: { color: colours.ink, width: 2 } })),
  annotations: data.cuts.map((cut) => label(`cut ${number(cut.value)}`, cut.step, where(cut.value, log), colours,
    { xanchor: "center", yshift: data.direction === "minimize" ? -9 : 9, bgcolor: fade(colours.paper, 0.85) })),
});

/** Pixels and values of one picture's axes, linear or logarithmic. */
const scaleOf = (panel, data, w, h) => {
  const place = (value, [low, high], log) => (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
  const back = (share, [low, high], log) => (log ? low * (high / low) ** share : low + share * (high - low));
  return {
    range: panel.y,
    px: (x) => w * place(x, panel.x, data.x_log), py: (y) => h * place(y, panel.y, data.y_log),
    moved: (x, by) => (by ? back(place(x, panel.x, data.x_log) + by / w, panel.x, data.x_log) : x),
  };
};

const describe = (panel, data, curves, stops, figure) => {
  const byTrial = new Map(curves.map((curve) => [curve.trial, curve]));
  return (point) => {
    if (point.data.type === "bar") {
      const stop = stops[point.pointIndex];
      const parts = STOPS.filter((kind) => stop[kind]).map((kind) => `${whole(stop[kind])} for ${kind}`);
      return { kind: point.customdata, title: `${whole(total(stop))} stopped`, word: "", step: `${data.along} ${whole(stop.at)}`, sentence: `${parts.join(", ")}.` };
    }
    const curve = byTrial.get(point.customdata);
    if (!curve) return null;
    const onMark = point.data.mode === "markers";
    const last = curve.x.length - 1;
    const at = data.along === "step" ? `step ${whole(point.x)}` : `${number(point.x)} ${data.unit}`;
    return {
      kind: curve.kind, title: `Trial ${curve.trial}`, word: curve.end?.code ?? curve.kind, step: onMark && data.along === "step" ? `step ${whole(curve.end?.step ?? curve.x[last])}` : at,
      sentence: onMark && curve.end?.sentence ? curve.end.sentence : `${panel.metric} ${number(onMark ? curve.y[last] : point.y)}.${curve.end?.sentence ? ` ${curve.end.sentence}` : ""}`,
      url: curve.end?.url, pin: () => showCuts(figure, curve.trial),
    };
  };
};

/** Draw one picture into one element. */
export const drawPanel = (figure, plot, panel, data, { colours, width, height, smooth, selected, small, hidden }) => {
  const curves = readCurves(panel).filter((curve) => curve.x.length);
  const narrow = small || width < 560;
  const margin = { l: 48, r: narrow ? 12 : 110, t: small ? 30 : 26, b: 34, pad: 0 };
  const inner = width - margin.l - margin.r;
  const tall = 1 - BARS - 0.05;
  const scale = scaleOf(panel, data, inner, (height - margin.t - margin.b) * tall);
  const span = panel.x[1] - panel.x[0];
  const stops = stopsOf(panel, curves, span);
  const all = hidden.includes("marks") ? [] : marksOf(curves, scale, small ? 2 : 7);
  // What leaves the whole picture is pinned to its edge; what leaves a window is only counted.
  const out = all.filter((mark) => mark.out).length;
  const marks = data.window ? all.filter((mark) => !mark.out) : all;
  const log = data.y_log;
  const cuts = data.panels.length === 1 && !data.x_log ? cutMarks(data, span * 0.018, log, colours) : { shapes: [], annotations: [] };
  const met = cutsMet(figure, data, span, log, colours);
  const tallest = Math.max(1, ...stops.map(total));
  const busiest = [...stops].sort((a, b) => total(b) - total(a)).slice(0, small ? 2 : 10);
  const names = axisNames({ objective: panel.metric, unit: data.unit }, colours);
  names[0].yref = "y domain";
  window.Plotly.react(plot, [
    ...quantileTraces(panel, hidden, smooth && smoothed, smooth, colours), ...groupTraces(panel, smooth && smoothed, smooth, colours),
    ...lineTraces(curves, data, smooth, selected, colours), runningDots(curves, colours), ...markTraces(marks, colours), ...stopTraces(stops, (span / 60) * 0.85, colours),
  ], layout(colours, {
    width, height, margin, barmode: "stack", dragmode: small || !figure.dataset.base ? false : "zoom",
    xaxis: alongAxis(data, panel.x, inner, colours, { anchor: "y", fixedrange: small }),
    yaxis: valueAxis(colours, { domain: [0, tall], range: panel.y.map((y) => where(y, log)), type: log ? "log" : "linear", nticks: small || log ? 5 : 8, fixedrange: small }),
    yaxis2: { domain: [1 - BARS, 1], range: [0, tallest], visible: false, fixedrange: true },
    images: densityImages(panel, data, colours),
    shapes: [...cuts.shapes, ...met.shapes],
    annotations: [
      ...names, ...cuts.annotations, ...met.annotations, ...(narrow || panel.bands.length ? [] : endLabels(curves, data, scale, log, colours)),
      ...(small ? [label(`${plain(short(panel.title, 40))}  ${whole(panel.n)}`, 0, 1, colours, { xref: "paper", yref: "paper", yshift: 22, font: { size: 12, weight: 600, color: colours.ink } })] : []),
      ...(stops.length && !small ? [label(`stopped,<br>by ${data.along}`, 0, 1 - BARS / 2, colours, { xref: "paper", yref: "paper", xshift: -46, align: "left", font: { size: 11, color: colours["ink-3"] } })] : []),
      ...busiest.map((stop) => label(whole(total(stop)), where(stop.at, data.x_log), total(stop), colours, { yref: "y2", xanchor: "center", yanchor: "bottom", font: { size: 11, color: colours["ink-2"] } })),
      ...(out && !small ? [label(`${whole(out)} end beyond ${data.window ? "this window" : "the scale"}`, 0.5, 1, colours, { xref: "paper", yref: "y domain", xanchor: "center", yshift: 8, font: { size: 11, color: colours["risk-text"] } })] : []),
      ...groupLabels(panel, scale, log, narrow, colours),
    ],
    uirevision: `${data.along}-${data.x_log}-${log}-${panel.metric}-${data.window ? "window" : "all"}`,
  }), config);
  keepCells(plot, panel);
  attachHover(figure, plot, describe(panel, data, curves, stops, figure));
};

const groupLabels = (panel, scale, log, narrow, colours) => {
  const ends = panel.bands.map((band, i) => {
    const y = [...unpack(band.mean)].filter(Number.isFinite).at(-1);
    return { i, y, text: `${plain(short(band.name, 28))} (${whole(band.n)})` };
  }).filter((end) => end.y !== undefined);
  if (panel.density && !narrow) {
    for (const [name, text] of [["p50", "median"], ["p10", "10 % of those alive"]]) {
      const y = [...unpack(panel.density[name])].filter(Number.isFinite).at(-1);
      if (y !== undefined) ends.push({ i: -1, y, text });
    }
  }
  const own = ends.map((end) => scale.py(clamp(end.y, scale.range)));
  const apart = dodge(own, scale.py(scale.range[1]), 12);
  return ends.map((end, i) => {
    return label(end.text, 1, where(clamp(end.y, scale.range), log), colours, { xref: "paper", xshift: panel.bands.length ? -6 : 6, xanchor: panel.bands.length ? "right" : "left",
      yshift: apart[i] - own[i] + (panel.bands.length ? 8 : 0), bgcolor: fade(colours.paper, 0.7), font: { size: 11, weight: 500, color: end.i < 0 ? colours.accent : colours[`letter-${(end.i % 4) + 1}`] } });
  });
};

const frames = (plot, n) => {
  while (plot.children.length > n) {
    window.Plotly.purge(plot.lastElementChild);
    plot.lastElementChild.remove();
  }
  while (plot.children.length < n) plot.append(Object.assign(document.createElement("div"), { className: "panel" }));
  return [...plot.children];
};

const say = (figure, data) => {
  const dense = data.panels.some((panel) => panel.density);
  const crowded = data.panels.find((panel) => panel.left_out);
  const look = data.panels.some((panel) => panel.bands.length) ? "Mean and middle eight tenths of each group"
    : dense ? "Ink where many pass, on a logarithmic scale of counts" : "Click a line for the cuts it met";
  const parts = [data.problem, crowded ? `The newest ${whole(crowded.n - crowded.left_out)} of ${whole(crowded.n)} are drawn` : "", look, data.panels.length > 1 || !figure.dataset.base ? "" : "Drag to look closer"];
  figure.querySelector("[data-said]").textContent = parts.filter(Boolean).join(". ");
  figure.querySelector("[data-zoom-out]")?.toggleAttribute("hidden", !data.window);
};

export const draw = ({ figure, plot, data, colours, width }) => {
  plot.classList.toggle("many", data.panels.length > 1);
  if (!data.panels.length) {
    frames(plot, 0);
    return data.problem || false;
  }
  const address = new URL(location.href).searchParams;
  const { selected } = data;
  const small = data.panels.length > 1;
  const across = small ? Math.max(1, Math.floor(width / 380)) : 1;
  const each = Math.floor((width - 16 * (across - 1)) / across);
  say(figure, data);
  frames(plot, data.panels.length).forEach((frame, i) => {
    frame.dataset.title = data.panels[i].title;
    drawPanel(figure, frame, data.panels[i], data, { colours, width: each, height: small ? 260 : width < 560 ? 400 : figure.dataset.base ? 560 : 480,
      smooth: Number(figure.dataset.smooth) || 0, selected, small, hidden: (address.get("hide") ?? "").split(",") });
  });
  return true;
};
