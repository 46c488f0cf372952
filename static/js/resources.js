// What slots did with their time. Data: docs/charts.md, /studies/<id>/timeline.json and over-time.json.
import { amendmentMarks } from "./amendments.js";
import { config, fade, label, layout, number, plain, short, unpack, whole } from "./chart-common.js";
import { attachHover } from "./hover-card.js";

const WORDS = {
  finished: "finished", control: "finished, control arm", speed: "stopped", risk: "stopped", generalisation: "stopped", stopped: "stopped",
  paused: "paused", running: "running", failed: "failed", lost: "lost with its worker, or crashed", released: "given back",
};
const ENDS = { finished: "circle", control: "hexagon-open", speed: "square", risk: "triangle-up", generalisation: "diamond", stopped: "square-open", paused: "line-ns-open", failed: "x-thin-open", lost: "x-thin-open" };

const brief = (value) => Number(value.toPrecision(3)).toLocaleString("en");

const duration = (seconds) => {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
};

/** Moments are drawn as UTC, as every time on these pages is written. */
const axis = (colours, range, extra = {}) => ({
  type: "date", range: range.map((moment) => moment * 1000), showgrid: true, gridcolor: colours.hairline, zeroline: false, nticks: 9, tickangle: 0,
  ticks: "outside", ticklen: 4, tickcolor: colours.strong, hoverformat: "%H:%M:%S", ...extra,
});

const tone = (kind, colours) => ({
  control: colours["ink-3"], paused: fade(colours.paused, 0.46), released: colours.waiting,
  lost: fade(colours.failed, 0.35), stopped: colours["ink-4"],
})[kind] ?? colours[kind] ?? colours.ink;

const drawTimeline = ({ figure, plot, data, colours, width }) => {
  if (!data.bars.length && data.window[0] === data.span[0] && data.window[1] === data.span[1]) return false;
  const narrow = width < 560;
  const origin = data.window[0];
  const [left, right] = narrow ? [64, 8] : [148, 104];
  const pixel = (data.window[1] - data.window[0]) / Math.max(1, width - left - right);
  const kinds = [...new Set(data.bars.map((bar) => bar.kind))];
  const traces = kinds.map((kind) => {
    const bars = data.bars.filter((bar) => bar.kind === kind);
    return {
      type: "bar", orientation: "h", hoverinfo: "none", width: 0.62, y: bars.map((bar) => bar.lane), base: bars.map((bar) => (origin + bar.x) * 1000),
      x: bars.map((bar) => Math.max(bar.w, pixel * 0.8) * 1000), customdata: bars, textposition: "inside", insidetextanchor: "start", constraintext: "none", textangle: 0,
      text: bars.map((bar) => (bar.w > pixel * (12 + 7 * String(bar.trial ?? "").length) && bar.trial !== undefined ? String(bar.trial) : "")),
      textfont: { size: 11, color: ["paused", "released", "lost", "control", "stopped"].includes(kind) ? colours.ink : colours.paper },
      marker: { color: tone(kind, colours), line: { width: 0 }, ...(kind === "lost" ? { pattern: { shape: "/", size: 5, solidity: 0.4, fgcolor: colours.failed } } : {}) },
    };
  });
  const ends = data.bars.filter((bar) => bar.trial !== undefined && bar.kind in ENDS && bar.w > pixel * 34);
  traces.push({
    type: "scatter", mode: "markers", hoverinfo: "skip", x: ends.map((bar) => (origin + bar.x + bar.w - 8 * pixel) * 1000), y: ends.map((bar) => bar.lane),
    marker: { size: 6, symbol: ends.map((bar) => ENDS[bar.kind]), color: ends.map((bar) => (["finished", "speed", "risk", "generalisation"].includes(bar.kind) ? colours.paper : colours.ink)), line: { width: 1.2, color: ends.map((bar) => (["finished", "speed", "risk", "generalisation"].includes(bar.kind) ? colours.paper : colours.ink)) } },
  });
  const resumed = data.bars.filter((bar) => bar.resumed && bar.w > pixel * 4);
  traces.push({
    type: "scatter", mode: "markers", hoverinfo: "skip", x: resumed.map((bar) => (origin + bar.x) * 1000), y: resumed.map((bar) => bar.lane - 0.44),
    marker: { size: 7, symbol: "triangle-right-open", color: colours.ink, line: { width: 1.2, color: colours.ink } },
  });
  const hosts = data.lanes.map((lane) => lane.host);
  const names = data.lanes.map((lane, i) => `${i === 0 || hosts[i - 1] !== lane.host ? `${plain(short(lane.host, narrow ? 8 : 16))} · ` : ""}slot ${lane.slot + 1}`);
  plot.style.height = `${Math.min(900, 76 + 27 * data.lanes.length)}px`;
  const amended = amendmentMarks(data, inTime(data.window.map((moment) => moment * 1000)), colours, { room: 0 });
  window.Plotly.react(plot, traces, layout(colours, {
    width, height: plot.clientHeight, margin: { l: left, r: right, t: 8, b: 46, pad: 6 }, barmode: "overlay", bargap: 0, dragmode: narrow ? false : "zoom", uirevision: `${data.window}`,
    xaxis: axis(colours, data.window, narrow ? { nticks: 5 } : {}), yaxis: { tickvals: data.lanes.map((_, i) => i), ticktext: names, range: [data.lanes.length - 0.4, -0.7], fixedrange: true, showgrid: false, zeroline: false, ticks: "" },
    shapes: [...amended.shapes, ...(data.ended ? [] : [{ type: "line", xref: "x", yref: "paper", x0: data.span[1] * 1000, x1: data.span[1] * 1000, y0: 0, y1: 1, line: { width: 1.5, color: colours.running } }])],
    annotations: amended.annotations,
  }), config);
  attachHover(figure, plot, (point) => {
    const bar = point.data.customdata?.[point.pointNumber];
    if (!bar) return null;
    if (bar.n) {
      const counts = Object.entries(bar.counts).map(([kind, n]) => `${whole(n)} ${WORDS[kind] ?? kind}`).join(", ");
      return { kind: "waiting", title: `${whole(bar.n)} attempts`, word: "too short to be told apart", step: duration(bar.w), sentence: `${counts}. Drag over them to look closer.` };
    }
    const kind = { lost: "failed", released: "waiting" }[bar.kind] ?? bar.kind;
    return { kind, title: `Trial ${bar.trial}, attempt ${bar.attempt}`, word: WORDS[bar.kind] ?? bar.kind, step: duration(bar.w), sentence: bar.sentence ?? (bar.code ? bar.code.replaceAll("_", " ") : "") };
  });
  listen(figure, plot, data);
  return true;
};

/** A narrower window is asked of the server, which then tells more of its bars apart. */
const listen = (figure, plot, data) => {
  figure.espalierSpan = data.span;
  if (plot.espalierListens) return;
  plot.espalierListens = true;
  const address = new URL(figure.dataset.src, location.href);
  const ask = (from, to) => {
    if (from === null) ["from", "to"].forEach((name) => address.searchParams.delete(name));
    else [["from", from], ["to", to]].forEach(([name, moment]) => address.searchParams.set(name, moment.toFixed(1)));
    figure.dataset.src = address.pathname + address.search;
    figure.dispatchEvent(new CustomEvent("espalier:refetch"));
  };
  plot.on("plotly_relayout", (change) => {
    const [from, to] = [change["xaxis.range[0]"], change["xaxis.range[1]"]].map((moment) => (moment === undefined ? NaN : new Date(typeof moment === "string" ? `${moment.replace(" ", "T")}Z` : moment).getTime() / 1000));
    if (Number.isFinite(from) && Number.isFinite(to)) ask(from, to);
  });
  plot.on("plotly_doubleclick", () => ask(null));
  plot.on("plotly_click", (event) => {
    const bar = event.points[0]?.data.customdata?.[event.points[0].pointNumber];
    if (bar?.trial !== undefined) location.assign(`${data.trial_url}${bar.trial}/`);
  });
};

const stacked = (name, x, y, colour, extra = {}) => ({
  type: "scatter", mode: "lines", stackgroup: "one", name, x, y, hoverinfo: "none", line: { width: 1, color: colour }, fillcolor: colour, ...extra,
});

/** Labels at the end of their area, moved apart where they would lie on each other. */
const endLabels = (rows, x, height, top, colours) => {
  const least = (13 / Math.max(1, height)) * top;
  let last = -Infinity;
  return rows.map((row) => {
    const y = Math.max(row.y, last + least);
    last = y;
    return label(row.text, x, y, colours, { xshift: 8, font: { size: 11, color: colours["ink-2"] } });
  });
};

const times = (data) => [...unpack(data.x)].map((seconds) => (data.from + seconds) * 1000);

/** Where an amendment stands among times in milliseconds; one before or after all of them stands nowhere. */
const inTime = (x) => ({ at }) => (at * 1000 >= x[0] && at * 1000 <= x[x.length - 1] ? at * 1000 : null);

const drawStates = ({ figure, plot, data, colours, width }) => {
  const x = times(data);
  if (x.length < 2 || x[0] === x[x.length - 1]) return false;
  const order = [["finished", colours.finished], ["stopped", colours.speed], ["otherwise", fade(colours.failed, 0.6)], ["running", colours.running], ["paused", colours.paused], ["waiting", fade(colours.waiting, 0.28)]];
  const series = order.map(([name, colour]) => [name, colour, [...unpack(data.states[name])]]).filter(([, , y]) => y.some((n) => n > 0));
  let below = 0;
  const rows = series.map(([name, , y]) => {
    const n = y[y.length - 1];
    below += n;
    return { y: below - n / 2, text: `${whole(n)} ${name}`, n };
  }).filter((row) => row.n > 0);
  const top = Math.max(1, ...x.map((_, i) => series.reduce((sum, [, , y]) => sum + y[i], 0)));
  const narrow = width < 560;
  const amended = amendmentMarks(data, inTime(x), colours);
  window.Plotly.react(plot, series.map(([name, colour, y]) => stacked(name, x, y, colour, { line: { width: 0, shape: "hv" } })), layout(colours, {
    width, height: plot.clientHeight, margin: { l: narrow ? 64 : 148, r: narrow ? 84 : 104, t: 12, b: 46, pad: 6 },
    xaxis: axis(colours, [x[0] / 1000, x[x.length - 1] / 1000], narrow ? { nticks: 5 } : {}), yaxis: { range: [0, top], nticks: 4, gridcolor: colours.hairline, zeroline: false, tickformat: ",d", fixedrange: true },
    shapes: amended.shapes,
    annotations: [...amended.annotations, ...endLabels(rows, x[x.length - 1], plot.clientHeight - 58, top, colours)],
  }), config);
  attachHover(figure, plot, (point) => ({
    kind: { finished: "finished", running: "running", paused: "paused", waiting: "waiting", stopped: "speed" }[point.data.name] ?? "failed", title: `${whole(point.y)} ${point.data.name}`,
    word: "", step: new Date(point.x).toISOString().slice(0, 16).replace("T", " "), sentence: series.map(([name, , y]) => `${whole(y[point.pointNumber])} ${name}`).join(", "),
  }));
  return true;
};

const drawHours = ({ figure, plot, data, colours, width }) => {
  const x = times(data);
  if (x.length < 2 || x[0] === x[x.length - 1]) return false;
  const order = [["spent", "spent", colours["ink-2"]], ["stopped", "stopped", fade(colours.speed, 0.75)], ["finished_early", "finished early", colours["ink-4"]], ["paused", "paused", fade(colours.paused, 0.46)]];
  const raw = order.map(([key, name, colour]) => [name, colour, [...unpack(data.hours[key])]]);
  const isShort = raw.reduce((sum, [, , y]) => sum + y[y.length - 1], 0) < 1;
  const unit = isShort ? "slot minutes" : "slot hours";
  const scale = isShort ? 60 : 1;
  const series = raw.map(([name, colour, y]) => [name, colour, y.map((n) => n * scale)]).filter(([name, , y]) => name === "spent" || y.some((n) => n > 0));
  let below = 0;
  const rows = series.map(([name, , y]) => {
    const n = y[y.length - 1];
    below += n;
    return { y: below - n / 2, text: `${brief(n)} ${name}`, n };
  }).filter((row) => row.n > 0);
  const top = 1.08 * Math.max(below, 1e-6);
  const budget = data.budget !== null && data.budget * scale < 3 * below ? data.budget * scale : null;
  const high = Math.max(top, budget === null ? 0 : budget * 1.1);
  const amended = amendmentMarks(data, inTime(x), colours, { room: 0 });
  window.Plotly.react(plot, series.map(([name, colour, y]) => stacked(name, x, y, colour, { line: { width: 0 } })), layout(colours, {
    width, height: plot.clientHeight, margin: { l: 48, r: 128, t: 22, b: 46, pad: 0 },
    xaxis: axis(colours, [x[0] / 1000, x[x.length - 1] / 1000], { nticks: width < 420 ? 3 : 5, showgrid: false }), yaxis: { range: [0, high], nticks: 6, gridcolor: colours.hairline, zeroline: false },
    shapes: budget === null ? amended.shapes : [...amended.shapes, { type: "line", xref: "paper", x0: 0, x1: 1, y0: budget, y1: budget, line: { width: 1.5, dash: "dot", color: colours.ink } }],
    annotations: [
      ...amended.annotations,
      label(unit, 0, 1, colours, { xref: "paper", yref: "paper", xshift: -46, yshift: 12, font: { size: 11, color: colours["ink-3"] } }),
      ...(budget === null ? [] : [label(`budget ${number(budget)}`, x[0], budget, colours, { xshift: 6, yshift: 8 })]),
      ...endLabels(rows, x[x.length - 1], plot.clientHeight - 68, high, colours),
    ],
  }), config);
  attachHover(figure, plot, (point) => ({
    kind: point.data.name === "spent" ? "finished" : point.data.name === "paused" ? "paused" : "speed", title: `${number(point.y)} ${unit}`, word: point.data.name,
    step: new Date(point.x).toISOString().slice(0, 16).replace("T", " "), sentence: series.map(([name, , y]) => `${number(y[point.pointNumber])} ${name}`).join(", "),
  }));
  return true;
};

export const draws = { hours: drawHours, states: drawStates, timeline: drawTimeline };
