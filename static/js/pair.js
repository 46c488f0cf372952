// Trials over two parameters, coloured by rank, over the rank that the model expects. Data: relations.json, surface.json.
import { config, fade, label, layout, mix, number, plain, short } from "./chart-common.js";
import { all, attachBrush } from "./brushing.js";
import { attachHover } from "./hover-card.js";
import { apart, decode, followBrush, raw, selection, ticks } from "./relations.js";
import { onAxis } from "./relations-brush.js";

const choices = (figure, found) => {
  const selects = ["x", "y"].map((which) => figure.querySelector(`[data-pair="${which}"]`));
  if (selects[0].childElementCount !== found.axes.length) {
    selects.forEach((select, which) => {
      select.replaceChildren(...found.axes.map((axis, at) => new Option(short(axis.name, 40), String(at))));
      const asked = found.axes.findIndex((axis) => axis.name === (which ? figure.dataset.other : figure.dataset.one));
      select.value = String(asked < 0 ? Math.min(which, found.axes.length - 1) : asked);
      select.addEventListener("change", () => { figure.surface = null; figure.dispatchEvent(new CustomEvent("espalier:redraw")); });
    });
  }
  return selects.map((select) => found.axes[Number(select.value)]);
};

/** Ask for the model's surface of a pair; the figure is drawn once it is known whether there is one. */
const ask = async (figure, one, other) => {
  const url = new URL(figure.dataset.surface, location.href);
  url.searchParams.set("x", one.name);
  url.searchParams.set("y", other.name);
  const key = url.search;
  figure.surface = { key, isAwaited: true, z: null };
  let z = null;
  try {
    const answer = await fetch(url);
    if (answer.ok) z = (await answer.json()).z;
  } catch {
    // The points are drawn all the same.
  }
  if (figure.surface?.key !== key) return;
  figure.surface = { key, isAwaited: false, z };
  figure.dispatchEvent(new CustomEvent("espalier:redraw"));
};

const middles = (axis, n) => (axis.choices && axis.choices.length === n ? Array.from({ length: n }, (_, i) => axis.place(i)) : Array.from({ length: n }, (_, i) => (i + 0.5) / n));

export const draw = ({ figure, plot, data, colours, width }) => {
  const found = decode(data);
  followBrush(figure);
  const shown = apart(data);
  if (!found.axes.length || !found.n) return false;
  const [one, other] = choices(figure, found);
  if (!figure.surface) ask(figure, one, other);
  // The points alone would be drawn only to be drawn again.
  if (figure.surface.isAwaited && !plot.hasChildNodes()) return "";
  const z = figure.surface?.z;
  const rows = [...found.trials.keys()].filter((i) => Number.isFinite(found.ranks[i]) && Number.isFinite(one.values[i]) && Number.isFinite(other.values[i])).sort((a, b) => found.ranks[b] - found.ranks[a]);
  const drawn = shown ? rows.filter((i) => shown.has(found.trials[i])) : rows;
  const picked = selection(data, colours).map((chosen) => ({ ...chosen, i: found.trials.indexOf(chosen.trial) })).filter(({ i }) => rows.includes(i));
  const traces = [
    ...(z ? [{
      type: "contour", x: middles(one, z.length), y: middles(other, z[0].length), z: z[0].map((_, column) => z.map((row) => row[column])),
      showscale: false, hoverinfo: "skip", ncontours: 8, line: { width: 0.6, color: fade(colours["ink-3"], 0.5) },
      colorscale: [[0, mix(colours.accent, colours.paper, 0.42)], [1, mix(colours.accent, colours.paper, 0.03)]], contours: { coloring: "fill" },
    }] : []),
    {
      type: "scatter", mode: "markers", hoverinfo: "none", x: drawn.map((i) => one.place(one.values[i])), y: drawn.map((i) => other.place(other.values[i])),
      customdata: drawn.map((i) => [found.trials[i], found.ranks[i], found.value[i], one.values[i], other.values[i], found.kinds[i]]),
      marker: { size: found.n > 400 ? 5 : 7, color: drawn.map((i) => fade(colours.ink, 0.95 - 0.85 * Math.sqrt(found.ranks[i]))), line: { width: 0.5, color: fade(colours.paper, 0.7) } },
    },
    {
      type: "scatter", mode: "markers+text", hoverinfo: "skip", x: picked.map(({ i }) => one.place(one.values[i])), y: picked.map(({ i }) => other.place(other.values[i])),
      text: picked.map(({ letter }) => letter), textposition: "top center", textfont: { size: 11, weight: 600, color: picked.map(({ colour }) => colour) },
      marker: { size: 12, symbol: "circle-open", color: picked.map(({ colour }) => colour), line: { width: 2 } },
    },
  ];
  const axis = (of, extra) => ({ range: [-0.04, 1.04], ...ticks(of, 5), zeroline: false, showgrid: false, ticks: "outside", ticklen: 4, tickcolor: colours.strong, fixedrange: true, ...extra });
  window.Plotly.react(plot, traces, layout(colours, {
    width, height: plot.clientHeight, margin: { l: 64, r: 12, t: 24, b: 44, pad: 0 }, dragmode: false, xaxis: axis(one), yaxis: axis(other),
    annotations: [
      label(plain(short(other.name, 40)), 0, 1, colours, { xref: "paper", yref: "paper", xshift: -56, yshift: 12, font: { size: 11, color: colours["ink-3"] } }),
      label(plain(short(one.name, 40)), 1, 0, colours, { xref: "paper", yref: "paper", xanchor: "right", yshift: -34, font: { size: 11, color: colours["ink-3"] } }),
    ],
  }), config);
  attachHover(figure, plot, ({ customdata, x, y }) => customdata && {
    kind: customdata[5], title: `Trial ${customdata[0]}`, word: "", step: `${data.objective} ${number(customdata[2])}`, x, y,
    sentence: `${one.name} ${raw(one, customdata[3])}, ${other.name} ${raw(other, customdata[4])}; better than ${Math.round(100 * (1 - customdata[1]))} % of those drawn.`,
    url: location.pathname.replace(/importance\/$/, `trials/${customdata[0]}/`) + location.search,
  });
  attachBrush(figure, plot, ({ x, y }) => {
    const places = [onAxis(one, x), onAxis(other, y)];
    return places.includes(null) ? "" : all(...places) || "best != none";
  }, { both: true });
  return z ? true : "No contours: the model has none for this pair (it has those of the parameters that explain most, once importance is computed).";
};
