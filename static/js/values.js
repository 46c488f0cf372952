// The share of trials at or below each value. Data: docs/charts.md, /studies/<id>/values.json.
import { axisNames, config, label, layout, unpack, valueAxis, whole } from "./chart-common.js";
import { attachBrush } from "./brushing.js";
import { robust } from "./relations.js";
import { onValue } from "./relations-brush.js";

const NAMES = { finished: "finished", seen: "all, at their best" };

export const draw = ({ figure, plot, data, colours, width }) => {
  const groups = data.groups.filter((group) => group.n).map((group) => ({ ...group, x: [...unpack(group.x)], y: [...unpack(group.y)] }));
  if (!groups.length) return false;
  const minimize = data.direction === "minimize";
  const range = robust(groups.flatMap((group) => group.x), minimize);
  const style = { finished: { width: 2, color: colours.ink }, seen: { width: 1.4, dash: "dot", color: colours["ink-3"] } };
  const shares = (y) => y.map((share) => (minimize ? share : 1 - share));
  window.Plotly.react(plot, groups.map((group) => ({
    type: "scatter", mode: "lines", hoverinfo: "x+y", name: NAMES[group.name], x: group.x, y: shares(group.y), line: { shape: "hv", ...style[group.name] }, hovertemplate: "%{y:.0%} at %{x:.4g}<extra></extra>",
  })), layout(colours, {
    width, height: plot.clientHeight, margin: { l: 48, r: 16, t: 24, b: 44, pad: 0 }, dragmode: false,
    xaxis: { range, nticks: 6, gridcolor: colours.hairline, zeroline: false, ticks: "outside", ticklen: 4, tickcolor: colours.strong },
    yaxis: valueAxis(colours, { range: [-0.02, 1.04], tickformat: ".0%", nticks: 6 }),
    annotations: [
      ...axisNames({ objective: "share of trials", unit: data.objective }, colours),
      ...groups.map((group, at) => label(`${group.name === "finished" ? "━" : "┄"} ${whole(group.n)} ${NAMES[group.name]}`, minimize ? 0.02 : 0.98, 0.97 - 0.07 * at, colours, { xref: "paper", yref: "paper", xanchor: minimize ? "left" : "right", font: { size: 11, color: style[group.name].color } })),
    ],
  }), config);
  attachBrush(figure, plot, ({ x }) => onValue("best", x, range) || "best != none");
  return minimize ? true : "Higher is better: the curve is the share of trials above a value.";
};
