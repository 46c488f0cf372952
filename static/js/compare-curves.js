// The compared trials at an equal budget; the slider under the axis moves the numbers of [data-metrics] below.
// Data: docs/charts.md, /studies/<id>/compare.json.
import { alongAxis, axisNames, config, fade, join, label, layout, marker, number, plain, quantile, short, split, unpack, valueAxis, whole } from "./chart-common.js";
import { dodge, lastTold } from "./labels.js";

const colourOf = (index, colours) => colours[`letter-${(index % 4) + 1}`];

const read = (data) => data.trials.map((trial, index) => ({
  ...trial, index,
  series: Object.fromEntries(Object.entries(trial.series).map(([name, packed]) => {
    const x = unpack(packed.x);
    // x are steps, by which budgets are equal; at is where they are drawn, null where a trial told no times.
    return [name, { x, y: unpack(packed.y), at: "at" in packed ? packed.at && unpack(packed.at) : x }];
  })),
}));

/** The last value at or before a step. */
const at = (curve, step) => {
  if (!curve) return null;
  let value = null;
  for (let i = 0; i < curve.x.length && curve.x[i] <= step; i += 1) value = curve.y[i];
  return value;
};

const signed = (value) => (value > 0 ? `+${number(value)}` : number(value));

const fillTable = (figure, trials, step) => {
  const table = figure.closest("[data-compare]")?.querySelector("[data-metrics]");
  if (!table) return;
  for (const row of table.querySelectorAll("tr[data-label]")) {
    const cells = row.querySelectorAll("td");
    const values = trials.map((trial) => at(trial.series[row.dataset.label], step));
    if (values.every((value) => value === null)) continue;
    cells.forEach((cell, i) => {
      const value = values[i];
      cell.querySelector("[data-value]").textContent = value === null ? "–" : number(value);
      cell.querySelector("[data-delta]").textContent = i && value !== null && values[0] !== null ? signed(value - values[0]) : "";
    });
  }
};

const put = (cell, kept, parts) => {
  if (!cell.dataset.whole) {
    cell.dataset.whole = "yes";
    cell.whole = [...cell.childNodes];
  }
  if (kept) return cell.replaceChildren(...cell.whole);
  cell.replaceChildren(...parts.flatMap(([name, className, text]) => (text ? [Object.assign(document.createElement(name), { className, textContent: text }), " "] : [])));
};

/** Show how each stood at a step: verdicts after it fade, the cut and the rank are those of the last one before it. */
const asOf = (root, trials, step, unit) => {
  const table = root?.querySelector("table.compare");
  if (!table) return [];
  const over = [];
  const [timelines, against, ranked, then] = ["[data-timeline]", "[data-against]", "[data-ranked]", "[data-by-then]"].map((name) => [...table.querySelectorAll(name)]);
  timelines.forEach((line, i) => {
    const signs = [...line.querySelectorAll("[data-step]")];
    for (const sign of signs) sign.classList.toggle("later", step !== null && Number(sign.dataset.step) > step);
    const last = step === null ? null : signs.filter((sign) => Number(sign.dataset.step) <= step && sign.dataset.rank).at(-1);
    const d = last?.dataset;
    put(against[i], step === null, !d?.cut ? [["span", "quiet", "no cut met yet"]]
      : [["b", "", d.value], ["span", "quiet", `against ${d.cut}`], ["span", d.inside === "yes" ? "margin-in" : "margin-out", d.margin], ["div", "quiet", `at step ${whole(Number(d.step))}`]]);
    put(ranked[i], step === null, !d ? [["span", "quiet", "not ranked yet"]] : [["b", "", d.rank], ["span", "quiet", d.quota]]);
    const ended = then[i].dataset.ended === "" ? null : Number(then[i].dataset.ended);
    const isOver = step !== null && ended !== null && ended <= step;
    if (isOver && ended < (trials[i]?.horizon ?? Infinity)) over.push([trials[i].trial, then[i].dataset.ending]);
    then[i].textContent = step === null ? "" : isOver ? `By then: ${then[i].dataset.ending} at ${whole(ended)}` : `By then: still training at ${whole(step)} ${unit}`;
    then[i].classList.toggle("is-over", isOver);
  });
  table.querySelector("[data-as-of]").textContent = step === null ? "at its last look" : `as of step ${whole(step)}`;
  return over;
};

const traces = (trials, objective, step, others, colours) => {
  const found = [{ type: "scatter", mode: "lines", hoverinfo: "skip", ...join(others), line: { width: 1, color: fade(colours.ink, 0.14) } }];
  for (const trial of trials) {
    const curve = trial.series[objective];
    if (!curve?.at) continue;
    const colour = colourOf(trial.index, colours);
    const dash = trial.index > 3 ? "dash" : "solid";
    const cutAt = curve.x.findIndex((x) => x > step);
    const seen = cutAt < 0 ? curve.x.length : cutAt;
    found.push({ type: "scatter", mode: "lines", hoverinfo: "skip", x: [...curve.at.subarray(0, seen)], y: [...curve.y.subarray(0, seen)], line: { width: 2.4, color: colour, dash } });
    found.push({ type: "scatter", mode: "lines", hoverinfo: "skip", x: [...curve.at.subarray(Math.max(0, seen - 1))], y: [...curve.y.subarray(Math.max(0, seen - 1))], line: { width: 1.4, color: fade(colour, 0.5), dash } });
    if (seen) found.push({ type: "scatter", mode: "markers", hoverinfo: "skip", cliponaxis: false, x: [curve.at[seen - 1]], y: [curve.y[seen - 1]], marker: { size: 8, color: colour, line: { width: 1, color: colours.paper } } });
    const last = lastTold(curve.y);
    if (last >= 0 && ["speed", "risk", "generalisation", "failed", "paused"].includes(trial.kind)) found.push({ type: "scatter", mode: "markers", hoverinfo: "skip", cliponaxis: false, x: [curve.at[last]], y: [curve.y[last]], marker: marker(trial.kind, colours, 10) });
  }
  return found;
};

const labels = (trials, data, range, height, colours) => {
  const told = trials.filter((trial) => lastTold(trial.series[data.objective]?.at && trial.series[data.objective].y) >= 0);
  const ends = told.map(({ series }) => series[data.objective]).map((curve) => Math.min(Math.max(curve.y[lastTold(curve.y)], range[0]), range[1]));
  const own = ends.map((y) => ((y - range[0]) * height) / (range[1] - range[0]));
  const apart = dodge(own, height);
  return told.map((trial, i) => {
    const curve = trial.series[data.objective];
    const last = curve.x.length - 1;
    const place = curve.at[lastTold(curve.y)];
    const reached = place >= 0.98 * data.span;
    const full = curve.x[last] >= 0.98 * data.horizon;
    const yshift = apart[i] - own[i];
    const text = `${trial.letter}  ${trial.trial}, ${plain(short(trial.ending, 24))}${full ? "" : ` at ${whole(curve.x[last])}`}`;
    const font = { size: 11, weight: 500, color: colourOf(trial.index, colours) };
    return reached
      ? label(text, 1, ends[i], colours, { xref: "paper", xshift: 6, yshift, font })
      : label(text, place, ends[i], colours, { xanchor: place > 0.6 * data.span ? "right" : "left", xshift: 8 * (place > 0.6 * data.span ? -1 : 1), yshift: yshift + (own[i] > height - 12 ? -10 : 10), font, bgcolor: fade(colours.paper, 0.8) });
  });
};

const valueRange = (trials, objective, others) => {
  const own = trials.map((trial) => [...(trial.series[objective]?.y ?? [])].filter(Number.isFinite)).filter((values) => values.length);
  if (!own.length) return null;
  // What leaves the scale, a trial that diverged, must not flatten the others; those behind them only fill it.
  const extremes = (q) => [...own, ...others.map((curve) => [...curve.y])].map((values) => quantile(values, q));
  const values = own.flat();
  const low = Math.max(quantile(values, 0.01), 2 * quantile(extremes(0), 0.5) - quantile(extremes(1), 0.5));
  const high = Math.min(quantile(values, 0.985), 2 * quantile(extremes(1), 0.5) - quantile(extremes(0), 0.5));
  const margin = 0.06 * (high - low) || 0.5;
  return [low - margin, high + margin];
};

const slider = (figure, data, start) => {
  const existing = figure.querySelector("[data-slider]");
  if (existing) return existing;
  const input = document.createElement("input");
  Object.assign(input, { type: "range", min: 0, max: data.horizon, step: "any", value: start, className: "slider" });
  input.dataset.slider = "";
  input.setAttribute("aria-label", `Compare at this many ${data.step_unit}`);
  figure.querySelector("[data-plot]").after(input);
  let later;
  addEventListener("popstate", () => {
    const asked = new URL(location.href).searchParams.get("step");
    if (asked !== null) input.value = asked;
    figure.dispatchEvent(new CustomEvent("espalier:redraw"));
  });
  input.addEventListener("input", () => {
    input.dataset.moved = "yes";
    figure.dispatchEvent(new CustomEvent("espalier:redraw"));
    clearTimeout(later);
    later = setTimeout(() => {
      const url = new URL(location.href);
      url.searchParams.set("step", String(Math.round(Number(input.value))));
      history.replaceState(history.state, "", url.href.replaceAll("%2C", ","));
    }, 250);
  });
  return input;
};

/** Where each of them stood on an axis of seconds or cost when it had trained so many steps. */
const placesAt = (trials, data, step) => {
  if (data.along === "step") return "";
  const said = trials.flatMap((trial) => {
    const curve = trial.series[data.objective];
    const seen = curve?.at ? curve.x.filter((x) => x <= step).length : 0;
    return seen ? [`${trial.letter} after ${curve.at[seen - 1].toLocaleString("en", { maximumSignificantDigits: 3 })}`] : [];
  });
  return said.length ? ` As of step ${whole(step)}, in ${data.unit}: ${said.join(", ")}.` : "";
};

/** Start where the first of them ended: the largest budget all of them had. */
const equalBudget = (trials, objective, horizon) => Math.min(horizon, ...trials.map((trial) => trial.series[objective]?.x.at(-1) ?? horizon));

export const draw = ({ figure, plot, data, colours, width }) => {
  const trials = read(data);
  const others = data.others ? split(data.others) : [];
  const range = valueRange(trials, data.objective, others);
  if (!range) return false;
  const asked = new URL(location.href).searchParams.get("step");
  const input = slider(figure, data, asked ?? equalBudget(trials, data.objective, data.horizon));
  const step = Number(input.value);
  input.setAttribute("aria-valuetext", `${whole(step)} ${data.step_unit}`);
  figure.querySelector("h2").textContent = `At an equal budget of ${whole(step)} ${data.step_unit}`;
  fillTable(figure, trials, step);
  const untouched = asked === null && !input.dataset.moved;
  const over = asOf(figure.closest("[data-compare]"), trials.map((trial) => ({ ...trial, horizon: data.horizon })), untouched ? null : step, data.step_unit);
  const note = figure.querySelector(".chart-head .quiet");
  note.dataset.hint ??= note.textContent;
  const stopped = untouched ? note.dataset.hint : over.length ? `By step ${whole(step)}: ${over.map(([trial, ending]) => `trial ${trial} ${ending}`).join(", ")}.` : `By step ${whole(step)} none of them had been stopped.`;
  note.textContent = `${data.problem ? `${data.problem}. ` : ""}${stopped}${placesAt(trials, data, step)}`;
  const margin = { l: 48, r: width < 560 ? 24 : 150, t: 26, b: data.along === "step" ? 22 : 36, pad: 0 };
  input.style.setProperty("--filled", `${(100 * step) / data.horizon}%`);
  input.style.width = `${width - margin.l - margin.r + 16}px`;
  input.style.marginLeft = `${margin.l - 8}px`;
  const half = data.horizon * 0.018;
  const names = axisNames(data, colours);
  window.Plotly.react(plot, traces(trials, data.objective, step, others, colours), layout(colours, {
    width, height: plot.clientHeight, margin, dragmode: false,
    xaxis: alongAxis(data, [0, data.span * 1.005], width - margin.l - margin.r, colours, { showgrid: false }),
    yaxis: valueAxis(colours, { range, nticks: 7 }),
    // On any other axis each of them had come to another place at this step: the dots say where.
    shapes: data.along !== "step" ? [] : [
      { type: "rect", x0: step, x1: data.horizon, yref: "paper", y0: 0, y1: 1, fillcolor: colours.sunken, line: { width: 0 }, layer: "below" },
      { type: "line", x0: step, x1: step, yref: "paper", y0: 0, y1: 1, line: { color: colours.accent, width: 1.5 } },
      ...data.cuts.map((cut) => ({ type: "line", x0: cut.step - half, x1: cut.step + half, y0: cut.value, y1: cut.value, line: { color: colours.ink, width: 2 } })),
    ],
    annotations: [...(data.along === "step" ? names.slice(0, 1) : names), ...data.cuts.map((cut) => label(`cut ${number(cut.value)}`, cut.step + half, cut.value, colours, { xshift: 4, bgcolor: fade(colours.paper, 0.8) })),
      ...(width < 560 ? [] : labels(trials, data, range, plot.clientHeight - 48, colours))],
  }), config);
  return true;
};
