// One trial of a replay: its curve, the band of all, and where each policy left it. Data: docs/charts.md, /lab/<id>/trial.json.
import { bandTraces } from "./bands.js";
import { axisNames, config, fade, join, label, layout, marker, number, plain, short, split, unpack, valueAxis, whole } from "./chart-common.js";
import { attachHover } from "./hover-card.js";
import { place } from "./labels.js";

/** Show the whole of this curve and of the middle half; what begins far away leaves the scale. */
const valueRange = (data, own) => {
  const middle = ["p25", "p75"].flatMap((name) => [...unpack(data.band?.[name])]);
  const values = [...own, ...middle].filter(Number.isFinite).sort((a, b) => a - b);
  if (!values.length) return null;
  const cut = Math.floor(0.04 * values.length);
  const [low, high] = data.direction === "maximize" ? [values[cut], values.at(-1)] : [values[0], values[values.length - 1 - cut]];
  const margin = 0.08 * (high - low) || 0.02 * Math.abs(high) || 0.5;
  return [low - margin, high + margin];
};

export const draw = ({ figure, plot, data, colours, width }) => {
  const x = [...unpack(data.own.x)];
  const y = [...unpack(data.own.y)];
  const range = valueRange(data, y);
  if (!range) return false;
  const first = x[0] ?? 1;
  const log = data.horizon / first > 12;
  const at = log ? Math.log10 : (value) => value;
  const ends = [at(first), at(data.horizon)];
  const span = ends[1] - ends[0] || 1;
  const xRange = [ends[0] - 0.02 * span, ends[1] + 0.03 * span];
  const margin = { l: 48, r: 12, t: 24, b: 34, pad: 0 };
  const size = { width: width - margin.l - margin.r, height: plot.clientHeight - margin.t - margin.b };
  const room = (8 + 6.5 * whole(data.horizon).length) / size.width;
  const ticks = [...new Set([first, ...data.stops.map((stop) => stop.step), data.horizon])].sort((a, b) => a - b).filter((value, i, all) => (
    value === data.horizon || i === 0 || ((at(value) - at(all[i - 1])) / span > room / 2 && (at(data.horizon) - at(value)) / span > room)
  ));
  const stops = data.stops.filter((stop) => Number.isFinite(stop.value));
  const marks = stops.map((stop) => ({
    text: `${whole(stop.step)} ${stop.policies.length > 3 ? `${stop.policies.length} policies` : short(stop.policies.join(", "), 30)}`,
    x: size.width * (at(stop.step) - xRange[0]) / (xRange[1] - xRange[0]), y: size.height * (1 - (stop.value - range[0]) / (range[1] - range[0])),
  }));
  const others = join(split(data.others));
  window.Plotly.react(plot, [
    ...bandTraces(data.band, colours),
    { type: "scatter", mode: "lines", hoverinfo: "skip", name: "others", x: others.x, y: others.y, line: { width: 1, color: fade(colours.ink, 0.3) } },
    { type: "scatter", mode: "lines", hoverinfo: "none", name: "own", x, y, line: { width: 2.4, color: colours.ink } },
    { type: "scatter", mode: "markers", hoverinfo: "none", name: "stops", x: stops.map((stop) => stop.step), y: stops.map((stop) => stop.value), customdata: stops, cliponaxis: false,
      marker: { symbol: stops.map((stop) => marker(stop.kind, colours).symbol), size: 9, color: stops.map((stop) => colours[stop.kind] ?? colours.ink), line: { width: 1, color: colours.paper } } },
  ], layout(colours, {
    width, height: plot.clientHeight, margin, dragmode: false,
    xaxis: { type: log ? "log" : "linear", range: xRange, tickvals: ticks, ticktext: ticks.map(whole), ticks: "outside", ticklen: 4, tickcolor: colours.strong, showgrid: false, zeroline: false, fixedrange: true },
    yaxis: valueAxis(colours, { range, nticks: 6, fixedrange: true }),
    annotations: [
      ...axisNames({ objective: data.objective, unit: `${data.unit}${log ? ", log" : ""}` }, colours),
      ...place(marks, size).map(({ index, dx, dy, anchor }) => label(plain(marks[index].text), at(stops[index].step), stops[index].value, colours, {
        xanchor: anchor, xshift: dx, yshift: -dy, bgcolor: fade(colours.paper, 0.82), font: { size: 11, color: colours[`${stops[index].kind}-text`] ?? colours["ink-2"] },
      })),
    ],
  }), config);
  attachHover(figure, plot, (point) => (point.customdata?.policies
    ? { kind: point.customdata.kind, title: `Trial ${data.trial}`, word: "left by", step: `step ${whole(point.x)}`, sentence: `${point.customdata.policies.join(", ")}.` }
    : { kind: "finished", title: `Trial ${data.trial}`, word: "", step: `step ${whole(point.x)}`, sentence: number(point.y) }));
  return true;
};
