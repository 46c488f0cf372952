// The best value in hand, by steps trained over all slots. Data: docs/charts.md, /studies/<id>/best.json.
import { axisNames, config, fade, label, layout, number, unpack, valueAxis, whole } from "./chart-common.js";
import { amendmentMarks } from "./amendments.js";
import { attachHover } from "./hover-card.js";

export const draw = ({ figure, plot, data, colours, width }) => {
  const x = [...unpack(data.x)];
  const y = [...unpack(data.y)];
  if (!x.length) return false;
  const narrow = width < 420;
  const [low, high] = [Math.min(...y), Math.max(...y)];
  const margin = 0.08 * (high - low) || 0.02 * Math.abs(high) || 0.5;
  const marks = data.marks ?? [];
  const apart = marks.filter((mark, i) => i === 0 || mark.x - marks[i - 1].x > 0.06 * x[x.length - 1] || i === marks.length - 1);
  const amended = amendmentMarks(data, ({ x: at }) => at, colours);
  window.Plotly.react(plot, [
    { type: "scatter", mode: "lines", hoverinfo: "skip", x, y, line: { shape: "hv", width: 1.8, color: colours.ink } },
    { type: "scatter", mode: "markers", hoverinfo: "none", x: marks.map((m) => m.x), y: marks.map((m) => m.y), customdata: marks.map((m) => m.trial),
      cliponaxis: false, marker: { size: 7, color: colours.ink, line: { width: 1, color: colours.paper } } },
  ], layout(colours, {
    width, height: plot.clientHeight, margin: { l: 48, r: narrow ? 56 : 72, t: 22, b: 34, pad: 0 },
    xaxis: { rangemode: "tozero", nticks: 5, gridcolor: colours.hairline, zeroline: false, showgrid: false, separatethousands: true, ticks: "outside", ticklen: 4, tickcolor: colours.strong, tickformat: ",d" },
    yaxis: valueAxis(colours, { nticks: 5, range: [low - margin, high + margin] }),
    shapes: amended.shapes,
    annotations: [
      ...amended.annotations, ...axisNames({ objective: data.objective, unit: `${data.unit} trained` }, colours),
      label(number(y[y.length - 1]), x[x.length - 1], y[y.length - 1], colours, { xshift: 8, font: { size: 11, weight: 600, color: colours.ink } }),
      ...apart.map((m) => label(`trial ${m.trial}`, m.x, m.y, colours, { xshift: 7, yshift: 8, bgcolor: fade(colours.paper, 0.8), font: { size: 11, color: colours["ink-2"] } })),
    ],
  }), config);
  attachHover(figure, plot, (point) => point.customdata === undefined ? null : {
    kind: "finished", title: `Trial ${point.customdata}`, word: "brought it", step: `${whole(point.x)} ${data.unit}`, sentence: `${data.objective} ${number(point.y)}.`,
  });
  return true;
};
