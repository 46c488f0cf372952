// What was known at the moment of a verdict. Data: docs/charts.md, /studies/<id>/ledger/<sequence>/moment.json.
import { bandTraces } from "./bands.js";
import { axisNames, config, fade, join, label, layout, marker, number, split, unpack, valueAxis, whole } from "./chart-common.js";

const SWARM = 7;

/** Stack the peers' values sideways where they would cover each other. */
const swarm = (peers, perY) => {
  const piles = new Map();
  return [...peers].filter((peer) => Number.isFinite(peer.value)).sort((a, b) => a.value - b.value).map((peer) => {
    const bin = Math.round((peer.value * perY) / SWARM);
    const column = piles.get(bin) ?? 0;
    piles.set(bin, column + 1);
    return { ...peer, column };
  });
};

const span = (data, own, wentOn) => {
  const values = [...own.y, ...wentOn.flatMap((curve) => [...curve.y]), ...(data.peers ?? []).map((peer) => peer.value), data.cut]
    .filter((value) => Number.isFinite(value));
  if (!values.length) return null;
  const sorted = values.sort((a, b) => a - b);
  const trim = Math.floor(sorted.length * 0.02);
  const low = Math.min(sorted[trim], data.cut ?? Infinity, ...(Number.isFinite(data.value) ? [data.value] : []));
  const high = Math.max(sorted[sorted.length - 1 - trim], data.cut ?? -Infinity, ...(Number.isFinite(data.value) ? [data.value] : []));
  const margin = 0.06 * (high - low) || 0.5;
  // Room for the words about those that never came this far.
  const room = data.n_stopped_before ? 1.5 * margin : 0;
  return data.direction === "minimize" ? [low - margin, high + margin + room] : [low - margin - room, high + margin];
};

const curveTraces = (data, own, wentOn, colour, colours) => [
  ...bandTraces(data.band, colours),
  { type: "scatter", mode: "lines", hoverinfo: "skip", ...join(wentOn), line: { width: 1, color: fade(colours.ink, 0.42) } },
  { type: "scatter", mode: "lines", hoverinfo: "skip", x: [...own.x], y: [...own.y], line: { width: 2.4, color: colour } },
  { type: "scatter", mode: "markers", hoverinfo: "skip", cliponaxis: false, x: [data.step], y: [data.value],
    marker: { ...marker(data.kind, colours, 11), line: { width: 1.5, color: colours.paper } } },
];

const peerTraces = (data, peers, colour, colours) => [true, false].map((on) => {
  const chosen = peers.filter((peer) => peer.goes_on === on && peer.trial !== data.trial);
  return { type: "scatter", mode: "markers", hoverinfo: "text", hovertemplate: "trial %{customdata}<extra></extra>", xaxis: "x2", yaxis: "y", x: chosen.map((p) => p.column), y: chosen.map((p) => p.value),
    customdata: chosen.map((p) => p.trial), marker: { size: 6, color: on ? colours["ink-2"] : colours["ink-4"] } };
}).concat(peers.filter((peer) => peer.trial === data.trial).map((peer) => ({
  type: "scatter", mode: "markers", hoverinfo: "skip", xaxis: "x2", yaxis: "y", x: [peer.column], y: [peer.value],
  marker: { ...marker(data.kind, colours, 10), color: colour, line: { width: 1.5, color: colours.paper } },
})));

const cutParts = (data, known, colours) => {
  const half = known * 0.025;
  const strokes = (data.cuts ?? []).map((cut) => ({ type: "line", x0: cut.step - half, x1: cut.step + half, y0: cut.value, y1: cut.value, line: { color: colours.ink, width: 2 } }));
  if (data.cut === null || data.cut === undefined) return { shapes: strokes, texts: [] };
  return {
    shapes: [...strokes,
      { type: "line", x0: data.step - half, x1: data.step + half, y0: data.cut, y1: data.cut, line: { color: colours.ink, width: 2 } },
      { type: "line", xref: "paper", x0: 0, x1: 1, y0: data.cut, y1: data.cut, line: { color: fade(colours.ink, 0.6), width: 1, dash: "dot" } }],
    texts: [label(`cut ${number(data.cut)}`, data.step, data.cut, colours, { font: { size: 11, weight: 600, color: colours.ink }, xanchor: "right", xshift: -8, yshift: data.value > data.cut ? -10 : 10, bgcolor: fade(colours.paper, 0.8) })],
  };
};

const texts = (data, range, panels, width, colours, colour) => {
  const note = { size: 11, color: colours["ink-3"] };
  const share = (value) => (value - range[0]) / (range[1] - range[0]);
  const free = [0.3, 0.6, 0.12, 0.85].find((at) => [data.cut ?? NaN, data.value].every((value) => !(Math.abs(share(value) - at) < 0.13))) ?? 0.3;
  const found = [
    label(number(data.value), data.step, data.value, colours, { xshift: 12, font: { size: 12, weight: 600, color: colour } }),
    label("not yet<br>known", data.step * 1.22, range[0] + free * (range[1] - range[0]), colours, { xanchor: "center", font: note }),
  ];
  if (panels) {
    const [n, drawn] = [whole(data.n_peers), data.peers.length < data.n_peers ? whole(data.peers.length) : ""];
    const tight = width < 560;
    const all = drawn ? `${drawn} of its ${n} peers` : `its ${n} peers`;
    found.push(label(tight ? `${drawn || n} peers` : `${all[0].toUpperCase()}${all.slice(1)} at step ${whole(data.step)}`, 0.77, 1, colours, { xref: "paper", yref: "paper", yshift: 12, font: note }));
    if (data.quota) found.push(label(`${whole(data.quota)} go on`, 1, data.direction === "minimize" ? 0.06 : 0.94, colours, { xref: "paper", yref: "paper", xanchor: "right", bgcolor: fade(colours.paper, 0.8), font: { size: 11, color: colours["ink-2"] } }));
    if (data.rank) found.push(label(`rank ${whole(data.rank)}`, 1, data.value, colours, { xref: "paper", xanchor: "right", yshift: 11, font: { size: 11, weight: 600, color: colour }, bgcolor: fade(colours.paper, 0.8) }));
    if (data.n_stopped_before) found.push(label(tight ? `+${whole(data.n_stopped_before)} stopped` : `beyond them, ${whole(data.n_stopped_before)} stopped before`, 1, data.direction === "minimize" ? 1 : 0, colours, { xref: "paper", yref: "paper", xanchor: "right", yshift: data.direction === "minimize" ? -8 : 8, font: note }));
  }
  return found;
};

export const draw = ({ plot, data, colours, width }) => {
  const own = { x: unpack(data.own?.x), y: unpack(data.own?.y) };
  const wentOn = data.went_on ? split(data.went_on) : [];
  const range = span(data, own, wentOn);
  if (!range || !own.x.length) return false;
  const colour = colours[data.kind] ?? colours.ink;
  const panels = (data.peers ?? []).length > 0;
  const known = data.step * 1.42;
  const height = plot.clientHeight;
  const peers = swarm(data.peers ?? [], (height - 60) / (range[1] - range[0]));
  const cut = cutParts(data, known, colours);
  const looks = [0, ...(data.cuts ?? []).map((c) => c.step), data.step].filter((v, i, all) => all.indexOf(v) === i);
  window.Plotly.react(plot, [...curveTraces(data, own, wentOn, colour, colours), ...(panels ? peerTraces(data, peers, colour, colours) : [])], layout(colours, {
    width, height, dragmode: false, margin: { l: 48, r: 8, t: 26, b: 30, pad: 0 },
    xaxis: { domain: [0, panels ? 0.73 : 1], range: [0, known], tickvals: looks, ticktext: looks.map((v) => (v === data.step ? `step ${whole(v)}` : whole(v))), ticks: "outside", ticklen: 4, tickcolor: colours.strong, showgrid: false, zeroline: false },
    xaxis2: { domain: [0.77, 1], range: [-1, Math.max(12, ...peers.map((peer) => peer.column + 2))], visible: false },
    yaxis: valueAxis(colours, { range, nticks: 8 }),
    shapes: [
      { type: "rect", x0: data.step, x1: known, yref: "y domain", y0: 0, y1: 1, fillcolor: colours.sunken, line: { width: 0 }, layer: "below" },
      { type: "line", x0: data.step, x1: data.step, yref: "y domain", y0: 0, y1: 1, line: { color: colours.strong, width: 1 } },
      ...cut.shapes,
    ],
    annotations: [axisNames(data, colours)[0], ...cut.texts, ...texts(data, range, panels, width, colours, colour)],
  }), config);
  return true;
};
