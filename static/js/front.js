// Finished trials in two metrics, and those that none beats in both. Data: docs/charts.md, /studies/<id>/front.json.
import { axisNames, config, fade, layout, number, short, unpack, valueAxis, whole } from "./chart-common.js";
import { all, attachBrush } from "./brushing.js";
import { attachHover } from "./hover-card.js";
import { apart, followBrush, robust, selection } from "./relations.js";
import { onValue } from "./relations-brush.js";

const MESSAGE = "No trial has finished with both metrics yet.";

export const draw = ({ figure, plot, data, colours, width }) => {
  followBrush(figure);
  const shown = apart(data);
  const [x, y] = [unpack(data.x), unpack(data.y)];
  const up = data.y_direction === "minimize";
  const across = data.x_direction === "minimize";
  const ranges = [robust(x, across), robust(y, up)];
  if (!x.length || !ranges[0] || !ranges[1]) {
    window.Plotly.purge(plot);
    plot.hidden = true;
    return MESSAGE;
  }
  const front = new Set(data.front);
  const steps = [...front].sort((a, b) => x[a] - x[b]);
  const style = (i) => {
    const faded = shown && !shown.has(data.trials[i]);
    return fade(front.has(i) ? colours.ink : colours["ink-3"], faded ? 0.12 : front.has(i) ? 1 : 0.5);
  };
  const rows = [...data.trials.keys()].sort((a, b) => Number(front.has(a)) - Number(front.has(b)));
  const picked = selection(data, colours).map((chosen) => ({ ...chosen, i: data.trials.indexOf(chosen.trial) })).filter(({ i }) => i >= 0);
  window.Plotly.react(plot, [
    { type: "scatter", mode: "lines", hoverinfo: "skip", x: steps.map((i) => x[i]), y: steps.map((i) => y[i]), line: { shape: across ? "hv" : "vh", width: 1.4, color: colours.ink } },
    {
      type: "scatter", mode: "markers", hoverinfo: "none", x: rows.map((i) => x[i]), y: rows.map((i) => y[i]), customdata: rows.map((i) => data.trials[i]),
      marker: { size: rows.map((i) => (front.has(i) ? 8 : 5)), color: rows.map(style), line: { width: 0.6, color: colours.paper } },
    },
    {
      type: "scatter", mode: "markers+text", hoverinfo: "skip", x: picked.map(({ i }) => x[i]), y: picked.map(({ i }) => y[i]), text: picked.map(({ letter }) => letter),
      textposition: "top center", textfont: { size: 11, weight: 600, color: picked.map(({ colour }) => colour) },
      marker: { size: 12, symbol: "circle-open", color: picked.map(({ colour }) => colour), line: { width: 2 } },
    },
  ], layout(colours, {
    width, height: plot.clientHeight, margin: { l: 56, r: 16, t: 24, b: 44, pad: 0 }, dragmode: false,
    xaxis: { range: ranges[0], nticks: 7, gridcolor: colours.hairline, zeroline: false, ticks: "outside", ticklen: 4, tickcolor: colours.strong },
    yaxis: valueAxis(colours, { range: ranges[1] }),
    annotations: axisNames({ objective: `${data.y_metric} (${up ? "lower" : "higher"} is better)`, unit: `${data.x_metric} (${across ? "lower" : "higher"} is better)` }, colours),
  }), config);
  attachHover(figure, plot, ({ customdata, x: atX, y: atY }) => customdata !== undefined && {
    kind: "finished", title: `Trial ${customdata}`, word: "", step: "", sentence: `${data.x_metric} ${number(atX)}, ${data.y_metric} ${number(atY)}.`, x: atX, y: atY,
    url: location.pathname.replace(/importance\/$/, `trials/${customdata}/`) + location.search,
  });
  attachBrush(figure, plot, (range) => all("state = complete", onValue(data.x_field, range.x, ranges[0]), onValue(data.y_field, range.y, ranges[1])), { both: true });
  const drawn = data.trials.length < data.n ? ` ${whole(data.trials.length)} are drawn.` : "";
  const area = data.area === null ? "" : ` They cover ${Math.round(100 * data.area)} % of the rectangle that all of them span (hypervolume, from its worst corner ${number(data.corner[0])}, ${number(data.corner[1])}).`;
  return `${whole(front.size)} of ${whole(data.n)} finished trials are beaten by none in both ${short(data.x_metric, 30)} and ${short(data.y_metric, 30)}.${area}${drawn}`;
};
