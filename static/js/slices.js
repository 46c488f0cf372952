// The value of every trial over each parameter, four at a time, the most important first. Data: relations.json.
import { axisNames, config, fade, label, layout, marker, number, plain, short, whole, valueAxis } from "./chart-common.js";
import { all, attachBrush } from "./brushing.js";
import { attachHover } from "./hover-card.js";
import { apart, decode, followBrush, raw, robust, selection, ticks } from "./relations.js";
import { onAxis, onValue } from "./relations-brush.js";

const ORDER = ["waiting", "failed", "paused", "stopped", "speed", "risk", "generalisation", "control", "running", "finished"];
const GAP = 0.035;

const pages = (figure, n, perPage) => {
  const holder = figure.querySelector("[data-slice-pages]");
  const count = Math.ceil(n / perPage);
  if (holder.childElementCount !== (count > 1 ? count : 0)) {
    figure.dataset.slicePage = "0";
    holder.replaceChildren(...(count > 1 ? Array.from({ length: count }, (_, page) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `${page * perPage + 1}–${Math.min(n, (page + 1) * perPage)}`;
      button.addEventListener("click", () => {
        figure.dataset.slicePage = String(page);
        figure.dispatchEvent(new CustomEvent("espalier:redraw"));
      });
      return button;
    }) : []));
  }
  const page = Number(figure.dataset.slicePage ?? 0);
  [...holder.children].forEach((button, i) => button.setAttribute("aria-pressed", String(i === page)));
  return page;
};

/** Indices of the trials by kind, in the order in which they are drawn over each other. */
const byKind = (found) => ORDER.map((kind) => [kind, [...found.kinds.keys()].filter((i) => found.kinds[i] === kind && Number.isFinite(found.value[i]))])
  .filter(([, rows]) => rows.length);

export const draw = ({ figure, plot, data, colours, width }) => {
  const found = decode(data);
  followBrush(figure);
  const standOut = apart(data);
  const range = robust(found.value, found.minimize);
  if (!range || !found.axes.length) return false;
  const names = JSON.parse(figure.dataset.order || "[]");
  const sorted = [...found.axes].sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
  const perPage = width < 560 ? 2 : width < 900 ? 3 : 4;
  const page = pages(figure, sorted.length, perPage);
  const shown = sorted.slice(page * perPage, (page + 1) * perPage);
  const span = (1 - GAP * (perPage - 1)) / perPage;
  const pin = (y) => Math.min(Math.max(y, range[0]), range[1]);
  const picked = selection(data, colours);
  const traces = [];
  const axes = {};
  const annotations = [...axisNames({ objective: data.objective, unit: "" }, colours).slice(0, 1)];
  shown.forEach((axis, at) => {
    const suffix = at ? String(at + 1) : "";
    const from = at * (span + GAP);
    axes[`xaxis${suffix}`] = {
      domain: [from, from + span], range: [-0.03, 1.03], ...ticks(axis, 4), zeroline: false, showgrid: false, showline: false,
      ticks: "outside", ticklen: 4, tickcolor: colours.strong, anchor: "y", fixedrange: true,
    };
    annotations.push(label(plain(short(axis.name, 24)), from, 1, colours, { xref: "paper", yref: "paper", yshift: 28, font: { size: 12, weight: 600, color: colours.ink } }));
    for (const [kind, rows] of byKind(found)) {
      for (const inside of standOut ? [false, true] : [true]) {
        const kept = rows.filter((i) => !standOut || standOut.has(found.trials[i]) === inside);
        if (!kept.length) continue;
        const style = marker(kind, colours, found.n > 400 ? 5 : 7);
        traces.push({
          type: "scatter", mode: "markers", hoverinfo: "none", xaxis: `x${suffix}`, yaxis: "y",
          x: kept.map((i) => axis.place(axis.values[i])), y: kept.map((i) => pin(found.value[i])),
          customdata: kept.map((i) => [found.trials[i], axis.values[i], found.value[i], axis.name, kind]),
          marker: { ...style, color: fade(style.color, inside ? (standOut ? 1 : 0.75) : 0.12), line: { ...style.line, width: inside ? 0.6 : 0 } },
        });
      }
    }
    const letters = picked.map((one) => ({ ...one, i: found.trials.indexOf(one.trial) })).filter(({ i }) => i >= 0 && Number.isFinite(axis.values[i]) && Number.isFinite(found.value[i]));
    traces.push({
      type: "scatter", mode: "markers+text", hoverinfo: "skip", xaxis: `x${suffix}`, yaxis: "y", cliponaxis: false,
      x: letters.map(({ i }) => axis.place(axis.values[i])), y: letters.map(({ i }) => pin(found.value[i])), text: letters.map(({ letter }) => letter),
      textposition: "top center", textfont: { size: 11, weight: 600, color: letters.map(({ colour }) => colour) },
      marker: { size: 11, symbol: "circle-open", color: letters.map(({ colour }) => colour), line: { width: 2 } },
    });
  });
  window.Plotly.react(plot, traces, layout(colours, {
    width, height: plot.clientHeight, margin: { l: 48, r: 12, t: 42, b: 30, pad: 0 }, ...axes, dragmode: false,
    yaxis: valueAxis(colours, { range, fixedrange: true }), annotations,
  }), config);
  attachHover(figure, plot, ({ customdata, x, y }) => customdata && {
    kind: customdata[4], title: `Trial ${customdata[0]}`, word: "", step: `${data.objective} ${number(customdata[2])}`, x, y,
    sentence: `${customdata[3]} ${raw(found.axes.find((axis) => axis.name === customdata[3]), customdata[1])}`,
    url: location.pathname.replace(/importance\/$/, `trials/${customdata[0]}/`) + location.search,
  });
  attachBrush(figure, plot, ({ id, x, y }) => {
    const place = onAxis(shown[Number(id.match(/\d+/)?.[0] ?? 1) - 1], x);
    return place === null ? "" : all(place, onValue("best", y, range)) || "best != none";
  }, { both: true });
  const beyond = [...found.value].filter((y) => Number.isFinite(y) && (y < range[0] || y > range[1])).length;
  const untold = found.n - [...found.value].filter(Number.isFinite).length;
  return [beyond ? `${whole(beyond)} beyond the scale stand at its edge.` : "", untold ? `${whole(untold)} without a finite value are not drawn.` : ""].filter(Boolean).join(" ") || true;
};
