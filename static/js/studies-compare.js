// Several studies of one metric: best so far by trials, slot hours or time, and the distribution of their values.
// Data: docs/charts.md, /studies/compare.json.
import { config, fade, label, layout, number, plain, short, unpack, valueAxis } from "./chart-common.js";
import { attachHover } from "./hover-card.js";

const AXES = {
  trials: { key: "trials", unit: "trials ended", whole: true },
  hours: { key: "hours", unit: "slot hours" },
  time: { key: "time", unit: "hours since the start" },
};

const line = (place, colours) => ({
  width: 2, color: colours[`letter-${(place % 4) + 1}`], dash: place >= 4 ? "dash" : "solid",
});

const place = (letter) => letter.charCodeAt(0) - 65;

const names = (left, right, colours) => [
  label(plain(short(left, 60)), 0, 1, colours, { xref: "paper", yref: "paper", xshift: -46, yshift: 12, font: { size: 11, color: colours["ink-3"] } }),
  label(right, 1, 0, colours, { xref: "paper", yref: "paper", xanchor: "right", yshift: -28, font: { size: 11, color: colours["ink-3"] } }),
];

/** Push labels apart that would cover each other. */
const apart = (ends, xs, range, height, width) => {
  const gap = (14 * (range[1] - range[0])) / Math.max(60, height - 60);
  const near = (24 * (Math.max(...xs) - Math.min(...xs))) / Math.max(60, width - 90);
  const placed = [];
  for (const end of [...ends].sort((a, b) => a.y - b.y)) {
    end.at = end.y;
    for (const other of placed) if (Math.abs(other.x - end.x) < near) end.at = Math.max(end.at, other.at + gap);
    placed.push(end);
  }
  return placed;
};

/** Where a line's label stands: at its end, or half way up a distribution, where lines are furthest apart. */
const foot = (curve, halfway) => {
  const found = halfway ? curve.y.findIndex((share) => share >= 0.5) : curve.x.length - 1;
  return { curve, x: curve.x[found], y: curve.y[found] };
};

const drawn = (figure, plot, curves, colours, width, { left, unit, ytitle, yaxis, card }) => {
  const xs = curves.flatMap((curve) => [...curve.x]);
  if (!xs.length) return false;
  const ys = curves.flatMap((curve) => [...curve.y]);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const margin = 0.08 * (high - low) || 0.02 * Math.abs(high) || 0.5;
  const range = yaxis ?? [low - margin, high + margin];
  const height = plot.clientHeight;
  const ends = apart(curves.filter((curve) => curve.x.length).map((curve) => foot(curve, Boolean(yaxis))), xs, range, height, width);
  window.Plotly.react(plot, curves.map((curve) => ({
    type: "scatter", mode: "lines", hoverinfo: "none", name: curve.letter, x: [...curve.x], y: [...curve.y], customdata: [...curve.x].map(() => curve.letter),
    line: { ...line(place(curve.letter), colours), shape: "hv" },
  })), layout(colours, {
    width, height, margin: { l: 48, r: 40, t: 22, b: 34, pad: 0 },
    xaxis: { rangemode: left ? "tozero" : "normal", nticks: 6, gridcolor: colours.hairline, zeroline: false, showgrid: false, ticks: "outside", ticklen: 4, tickcolor: colours.strong, separatethousands: true },
    yaxis: valueAxis(colours, { nticks: 5, range }),
    annotations: [
      ...names(ytitle, unit, colours),
      ...ends.map((end) => label(end.curve.letter, end.x, end.at, colours, { xshift: 8, bgcolor: fade(colours.paper, 0.8), font: { size: 12, weight: 600, color: line(place(end.curve.letter), colours).color } })),
    ],
  }), config);
  attachHover(figure, plot, (point) => card(point));
  return true;
};

const drawStudies = ({ figure, plot, data, state, colours, width }) => {
  const axis = AXES[state.axis] ?? AXES.trials;
  const curves = data.studies.map((study) => ({ letter: study.letter, name: study.name, x: unpack(study[axis.key]), y: unpack(study.best) }));
  return drawn(figure, plot, curves, colours, width, {
    left: true, unit: axis.unit, ytitle: `${data.objective}, best so far`,
    card: (point) => ({
      kind: "finished", title: `${point.customdata} ${short(curves.find((one) => one.letter === point.customdata).name, 40)}`, word: "", step: `${axis.whole ? Math.round(point.x) : number(point.x)} ${axis.unit}`,
      sentence: `Best ${data.objective} so far ${number(point.y)}.`,
    }),
  });
};

const drawSpread = ({ figure, plot, data, colours, width }) => {
  const curves = data.studies.map((study) => ({ letter: study.letter, name: study.name, x: unpack(study.values), y: unpack(study.shares) }));
  return drawn(figure, plot, curves, colours, width, {
    left: false, unit: data.objective, ytitle: "share of the trials trained to their end", yaxis: [0, 1.04],
    card: (point) => ({
      kind: "finished", title: `${point.customdata} ${short(curves.find((one) => one.letter === point.customdata).name, 40)}`, word: "", step: `${data.objective} ${number(point.x)}`,
      sentence: `${Math.round(100 * point.y)} % of its finished trials reached at most that.`,
    }),
  });
};

export const draws = { spread: drawSpread, studies: drawStudies };
