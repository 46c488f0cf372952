// What was halted, against what went on. Data: docs/charts.md, /studies/<id>/halted.json and halted-grid.json.
import { config, label, layout, plain, short, stepAxis, whole } from "./chart-common.js";
import { all, attachBrush, choose, endsBrush } from "./brushing.js";
import { amendmentMarks } from "./amendments.js";
import { atSteps, inBins, inCells, inHistogram, inOrder } from "./halted-brush.js";
import { attachHover } from "./hover-card.js";

const WORDS = { finished: "finished", control: "spared, then finished", speed: "stopped, speed", risk: "stopped, risk", generalisation: "stopped, generalisation", running: "running", paused: "paused", failed: "failed", stopped: "stopped, not judged" };
const ORDER = ["finished", "control", "generalisation", "risk", "speed", "stopped", "failed", "paused", "running"];
const tone = (kind, colours) => ({ control: colours["ink-4"], stopped: colours.paused, failed: colours.failed })[kind] ?? colours[kind] ?? colours.ink;
const counted = (counts) => ORDER.filter((kind) => counts[kind]).map((kind) => `${whole(counts[kind])} ${WORDS[kind]}`).join(", ");

/** A click on a mark of this chart does what `follow(point)` says; attached once, always the newest. */
const onClick = (figure, plot, follow) => {
  figure.follow = follow;
  if (figure.dataset.clicks) return;
  figure.dataset.clicks = "yes";
  plot.on("plotly_click", ({ points }) => endsBrush(plot) || figure.follow(points[0]));
};

/** A label at this share of the width grows away from the edge it stands at. */
const inwards = (share) => (share < 0.06 ? "left" : share > 0.94 ? "right" : "center");

const drawFar = ({ figure, plot, data, colours, width }) => {
  const groups = data.groups;
  if (!groups.length) return false;
  const alone = groups.every((group) => group.first === group.last);
  const x = groups.map((group) => (group.first + group.last) / 2);
  const total = groups.map((group) => Object.values(group.counts).reduce((sum, n) => sum + n, 0));
  const kinds = ORDER.filter((kind) => groups.some((group) => group.counts[kind]));
  const each = groups.map((group) => group.last - group.first + 1);
  const traces = kinds.map((kind) => ({
    type: "bar", name: kind, hoverinfo: "none", x, width: each.map((n) => (alone ? 0.86 : n)), customdata: groups,
    y: groups.map((group, i) => ((group.counts[kind] ?? 0) / total[i]) * group.mean_step), marker: { color: tone(kind, colours), line: { width: 0 } },
  }));
  const spared = alone ? groups.filter((group) => group.counts.control) : [];
  traces.push({ type: "scatter", mode: "markers", hoverinfo: "skip", x: spared.map((group) => group.first), y: spared.map((group) => group.mean_step + 0.05 * data.horizon), marker: { size: 7, symbol: "hexagon-open", color: colours.ink, line: { width: 1.2, color: colours.ink } } });
  const amended = amendmentMarks(data, ({ trial }) => (trial === null ? null : trial - 0.5), colours);
  const best = groups.find((group) => data.best !== null && group.first <= data.best && data.best <= group.last);
  const steps = stepAxis(data.horizon, data.looks, plot.clientHeight * 1.2, colours);
  window.Plotly.react(plot, traces, layout(colours, {
    width, height: plot.clientHeight, margin: { l: 56, r: 16, t: 26, b: 34, pad: 0 }, barmode: "stack", bargap: 0.04, dragmode: false,
    xaxis: { range: [groups[0].first - 0.8, groups[groups.length - 1].last + 0.8], nticks: 8, showgrid: false, zeroline: false, ticks: "outside", ticklen: 4, tickcolor: colours.strong, tickformat: ",d" },
    yaxis: { ...steps, range: [0, data.horizon * 1.12], ticks: "", fixedrange: true },
    shapes: amended.shapes,
    annotations: [
      ...amended.annotations,
      label(plain(short(data.unit, 24)), 0, 1, colours, { xref: "paper", yref: "paper", xshift: -54, yshift: 14, font: { size: 11, color: colours["ink-3"] } }),
      label("trial", 1, 0, colours, { xref: "paper", yref: "paper", xanchor: "right", yshift: -28, font: { size: 11, color: colours["ink-3"] } }),
      ...(best ? [label(`${data.best}, best`, (best.first + best.last) / 2, best.mean_step, colours, { xanchor: inwards(groups.indexOf(best) / groups.length), yshift: alone ? 14 : 10 })] : []),
    ],
  }), config);
  attachHover(figure, plot, (point) => {
    const group = groups[point.pointNumber];
    if (!group || point.data.type !== "bar") return null;
    const one = group.first === group.last;
    const kind = point.data.name === "stopped" ? "paused" : point.data.name;
    return { kind, title: one ? `Trial ${group.first}` : `Trials ${whole(group.first)} to ${whole(group.last)}`, word: one ? WORDS[point.data.name] : "", step: `${one ? "" : "on average "}${whole(group.mean_step)} ${data.unit}`, sentence: one ? "" : counted(group.counts) };
  });
  onClick(figure, plot, (point) => {
    const group = groups[point.pointNumber];
    if (!group) return;
    if (group.first === group.last) location.assign(`${data.trial_url}${group.first}/`);
    else choose(figure, `number >= ${group.first} and number <= ${group.last}`);
  });
  attachBrush(figure, plot, inOrder);
  return true;
};

const UP = new Set(["finished", "control"]);
const FEW_BARS = 6;
const DIGIT_PX = 6.5;

/** The ticks of a parameter's bins: every so many of a range's, of choices all, cut short to fit. */
const ticksOf = (one, room) => {
  if (!one.ticks.length) return { tickvals: one.bins.map((_, bin) => bin), ticktext: one.bins.map((text) => plain(short(text, Math.max(4, Math.floor(room / one.bins.length / DIGIT_PX))))) };
  const widest = Math.max(...one.ticks.map(([, text]) => text.length)) * DIGIT_PX + 8;
  const apart = one.ticks.length > 1 ? ((one.ticks[1][0] - one.ticks[0][0]) / one.bins.length) * room : widest;
  const every = Math.max(1, Math.ceil(widest / apart));
  const told = one.ticks.filter((_, k) => k % every === 0);
  return { tickvals: told.map(([at]) => at - 0.5), ticktext: told.map(([, text]) => plain(text)) };
};

const drawHalted = ({ figure, plot, data, colours, width }) => {
  const shown = data.parameters;
  if (!data.n_ended || !shown.length) return false;
  const columns = Math.max(1, Math.min(4, Math.floor(width / 260)));
  const rows = Math.ceil(shown.length / columns);
  const [tall, gap, wide] = [150, 46, 0.07];
  plot.style.height = `${rows * tall + (rows - 1) * gap + 60}px`;
  const height = rows * tall + (rows - 1) * gap + 60;
  const inner = height - 60;
  const sums = (one, up) => one.bins.map((_, bin) => data.kinds.reduce((sum, kind, k) => sum + (UP.has(kind) === up ? one.counts[k][bin] : 0), 0));
  // One of few bars holds several bars' worth of trials: beside it the ranges would be flat.
  const hasMany = (one) => one.ticks.length > 0 && one.bins.length > FEW_BARS;
  const scale = (many) => {
    const alike = shown.filter((one) => hasMany(one) === many);
    return [-1.05 * Math.max(1, ...alike.flatMap((one) => sums(one, false))), 1.2 * Math.max(1, ...alike.flatMap((one) => sums(one, true)))];
  };
  const [ofMany, ofFew] = [scale(true), scale(false)];
  const traces = [];
  const axes = {};
  const annotations = [];
  shown.forEach((one, place) => {
    const id = place === 0 ? "" : String(place + 1);
    const [row, column] = [Math.floor(place / columns), place % columns];
    const left = column * (1 / columns) + (column ? wide / 2 : 0);
    const right = (column + 1) * (1 / columns) - (column < columns - 1 ? wide / 2 : 0);
    const top = 1 - (row * (tall + gap)) / inner;
    const bottom = top - tall / inner;
    const x = one.bins.map((_, bin) => bin);
    for (const [k, kind] of data.kinds.entries()) {
      if (!one.counts[k].some((n) => n)) continue;
      traces.push({ type: "bar", name: kind, hoverinfo: "none", xaxis: `x${id}`, yaxis: `y${id}`, x, y: one.counts[k].map((n) => (UP.has(kind) ? n : -n)), customdata: x.map((bin) => ({ one, bin, kind })), marker: { color: tone(kind, colours), line: { width: 0 } } });
    }
    axes[`xaxis${id}`] = {
      domain: [left, right], anchor: `y${id}`, range: [-0.6, one.bins.length - 0.4], showgrid: false, zeroline: false, fixedrange: true, tickangle: 0, ticks: "", ...ticksOf(one, (right - left) * (width - 56)),
    };
    axes[`yaxis${id}`] = { domain: [Math.max(0, bottom), top], anchor: `x${id}`, range: hasMany(one) ? ofMany : ofFew, showgrid: false, zeroline: true, zerolinecolor: colours.strong, fixedrange: true, showticklabels: false };
    annotations.push(label(plain(short(one.name, 28)), left, top, colours, { xref: "paper", yref: "paper", yshift: 12, font: { size: 12, weight: 600, color: colours.ink } }));
    if (one.p !== null) annotations.push(label(`p = ${one.p < 0.001 ? one.p.toExponential(0).replace("-", "−") : one.p.toPrecision(2)}`, right, top, colours, { xref: "paper", yref: "paper", xanchor: "right", yshift: 12, font: { size: 11, color: colours["ink-3"] } }));
  });
  window.Plotly.react(plot, traces, layout(colours, { width, height, margin: { l: 28, r: 28, t: 30, b: 30, pad: 0 }, barmode: "relative", bargap: 0.1, dragmode: false, annotations, ...axes }), config);
  attachHover(figure, plot, (point) => {
    const { one, bin, kind } = point.data.customdata[point.pointNumber];
    const counts = Object.fromEntries(data.kinds.map((name, k) => [name, one.counts[k][bin]]));
    return { kind, title: `${whole(Math.abs(point.y))} ${WORDS[kind]}`, word: "", step: "", sentence: `${one.name} ${one.bins[bin]}: ${counted(counts)}.` };
  });
  onClick(figure, plot, (point) => {
    const { one, bin, kind } = point.data.customdata[point.pointNumber];
    choose(figure, all(inBins(one, [bin, bin]), data.where[kind]));
  });
  attachBrush(figure, plot, (range) => inHistogram(data, shown[Number(range.id.match(/\d+/)?.[0] ?? 1) - 1], range), { both: true });
  return true;
};

/** Room for a share and its mark on one line. */
const CELL_PX = 56;

const drawCells = ({ figure, plot, data, colours, width }) => {
  const ended = data.ended.flat();
  if (!ended.some((n) => n)) return false;
  const share = data.ended.map((row, y) => row.map((n, x) => (n >= data.fewest ? data.stopped[y][x] / n : null)));
  const axis = (one, room) => ({ range: [-0.5, one.bins.length - 0.5], showgrid: false, zeroline: false, fixedrange: true, ticks: "", tickangle: 0, ...ticksOf(one, room) });
  const dark = (value) => value !== null && value > 0.55;
  const isNarrow = (width - 88) / data.across.bins.length < CELL_PX;
  const told = (n, stopped, spared) => {
    if (!n) return "";
    const text = n > 99 ? `${Math.round((100 * stopped) / n)} %` : `${stopped}/${n}`;
    return spared ? `${text}${isNarrow ? "<br>" : " "}⬡` : text;
  };
  window.Plotly.react(plot, [{
    type: "heatmap", hoverinfo: "none", x: data.across.bins.map((_, i) => i), y: data.down.bins.map((_, i) => i), z: share, zmin: 0, zmax: 1, showscale: false, xgap: 2, ygap: 2, hoverongaps: false,
    colorscale: [[0, colours.sunken], [1, colours["ink-2"]]],
  }], layout(colours, {
    width, height: plot.clientHeight, margin: { l: 76, r: 12, t: 24, b: 44, pad: 4 }, dragmode: false,
    xaxis: axis(data.across, width - 88), yaxis: axis(data.down, 12 * DIGIT_PX * data.down.bins.length),
    annotations: [
      label(plain(short(data.down.name, 30)), 0, 1, colours, { xref: "paper", yref: "paper", xshift: -72, yshift: 12, font: { size: 11, color: colours["ink-3"] } }),
      label(plain(short(data.across.name, 30)), 1, 0, colours, { xref: "paper", yref: "paper", xanchor: "right", yshift: -34, font: { size: 11, color: colours["ink-3"] } }),
      ...data.ended.flatMap((row, y) => row.map((n, x) => label(told(n, data.stopped[y][x], data.spared[y][x]), x, y, colours, { xanchor: "center", font: { size: isNarrow ? 11 : 12, color: dark(share[y][x]) ? colours.paper : colours["ink-2"] } }))),
    ],
  }), config);
  attachHover(figure, plot, (point) => {
    const [y, x] = point.pointNumber;
    const n = data.ended[y][x];
    return { kind: "speed", title: `${whole(data.stopped[y][x])} of ${whole(n)} stopped`, word: "", step: `${whole(data.spared[y][x])} spared`, sentence: `${data.across.name} ${data.across.bins[x]}, ${data.down.name} ${data.down.bins[y]}.${n < data.fewest ? " Too few to speak of a share." : ""}` };
  });
  onClick(figure, plot, (point) => {
    const [y, x] = point.pointNumber;
    choose(figure, all(data.queries[y][x], data.where.ended));
  });
  attachBrush(figure, plot, (range) => inCells(data, range), { both: true });
  return true;
};

const drawPassing = ({ figure, plot, data, colours, width }) => {
  const rows = data.passing;
  if (!rows.length || !data.n_ended) return false;
  const x = [0, ...rows.map((row) => row.step)];
  const y = [1, ...rows.map((row) => row.remaining / data.n_ended)];
  // Who trained to the horizon has not been stopped there.
  if (x[x.length - 1] === data.horizon) {
    const finished = rows[rows.length - 1];
    const stopped = Object.values(finished.stopped).reduce((sum, n) => sum + n, 0);
    const before = rows.length > 1 ? rows[rows.length - 2].remaining : data.n_ended;
    y[y.length - 1] = (before - stopped) / data.n_ended;
  }
  const deaths = rows.map((row, i) => ({ row, i, n: Object.values(row.stopped).reduce((sum, n) => sum + n, 0) })).filter(({ n, row }) => n / data.n_ended >= 0.03 && row.step < 0.9 * data.horizon).sort((a, b) => b.n - a.n).slice(0, 4);
  // Of labels that would lie on each other the largest stays.
  const middle = ({ i }) => (y[i] + y[i + 1]) / 2;
  const named = deaths.filter((one, place) => deaths.slice(0, place).every((other) => Math.abs(middle(one) - middle(other)) > 0.12 || Math.abs(one.row.step - other.row.step) > 0.25 * data.horizon));
  // Beside a short drop a label stands on the line that goes on from it, not across.
  const lift = (i) => Math.max(0, 9 - ((y[i] - y[i + 1]) / 2) * (plot.clientHeight - 44));
  const at = stepAxis(data.horizon, data.looks, width - 120, colours, { showgrid: false, range: [0, data.horizon] });
  window.Plotly.react(plot, [{ type: "scatter", mode: "lines", hoverinfo: "none", x, y, line: { shape: "hv", width: 1.8, color: colours.ink } }], layout(colours, {
    width, height: plot.clientHeight, margin: { l: 44, r: 84, t: 10, b: 34, pad: 0 }, dragmode: false,
    xaxis: at, yaxis: { range: [0, 1.03], tickformat: ".0%", nticks: 5, gridcolor: colours.hairline, zeroline: false, fixedrange: true },
    annotations: [
      label(`${Math.round(100 * y[y.length - 1])} % finish`, x[x.length - 1], y[y.length - 1], colours, { xshift: 6 }),
      ...named.map(({ row, i, n }) => {
        const kind = Object.entries(row.stopped).sort((a, b) => b[1] - a[1])[0][0];
        return label(`${Math.round((100 * n) / data.n_ended)} % at step ${whole(row.step)}`, row.step, middle({ i }), colours, { xshift: 6, yshift: lift(i), font: { size: 11, color: colours[`${kind}-text`] ?? colours[kind] ?? colours["ink-2"] } });
      }),
    ],
  }), config);
  attachHover(figure, plot, (point) => {
    const row = rows[point.pointNumber - 1];
    if (!row) return null;
    return { kind: "finished", title: `${Math.round(1000 * point.y) / 10} % went further`, word: "", step: `step ${whole(row.step)}`, sentence: Object.keys(row.stopped).length ? `Stopped here: ${counted(row.stopped)}.` : "" };
  });
  attachBrush(figure, plot, (range) => atSteps(data, range));
  return true;
};

export const draws = { cells: drawCells, far: drawFar, halted: drawHalted, passing: drawPassing };
