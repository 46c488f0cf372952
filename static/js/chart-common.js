// What all charts share: colours from the stylesheet, packed numbers, axes as in the look, fetching, redrawing.
import { takeTurn } from "./turns.js";

const TOKENS = [
  "ink", "ink-2", "ink-3", "ink-4", "paper", "sunken", "hairline", "strong", "accent",
  "speed", "risk", "generalisation", "finished", "control", "running", "paused", "waiting", "failed",
  "speed-text", "risk-text", "letter-1", "letter-2", "letter-3", "letter-4",
];

const GLYPHS = {
  speed: "square", risk: "triangle-up", generalisation: "diamond", finished: "circle", control: "hexagon-open",
  running: "circle", paused: "line-ns", waiting: "circle-open", failed: "x-thin",
};

export const REASONS = { speed: "speed", risk: "risk", generalisation: "generalisation" };

const dark = matchMedia("(prefers-color-scheme: dark)");
let held = null;
dark.addEventListener("change", () => { held = null; });
document.addEventListener("espalier:theme", () => { held = null; });

/** The resolved colours, read once per theme: custom properties hold light-dark(), so a probe asks the browser. */
export const palette = () => {
  held ??= readPalette();
  return held;
};

const readPalette = () => {
  const probe = document.createElement("i");
  document.body.append(probe);
  const colours = {};
  for (const name of TOKENS) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return colours;
};

/** Put alpha into a colour; opacity on a trace would fade its overlaps as one. */
export const fade = (colour, alpha) => {
  const [r, g, b] = colour.match(/[\d.]+/g);
  return `rgba(${r}, ${g}, ${b}, ${alpha})`;
};

/** Mix a colour into another, share 0 to 1; where layers lie over each other alpha would add up. */
export const mix = (colour, ground, share) => {
  const [one, other] = [colour, ground].map((text) => text.match(/[\d.]+/g).slice(0, 3).map(Number));
  return `rgb(${one.map((part, i) => Math.round(part * share + other[i] * (1 - share))).join(", ")})`;
};

export const unpack = (packed) => {
  if (!packed?.b64) return new Float32Array(0);
  const bytes = Uint8Array.from(atob(packed.b64), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
};

/** Cut a gapped array into one entry per trial: {trial, x, y}. */
export const split = (group) => {
  const x = unpack(group.x);
  const y = unpack(group.y);
  return group.trials.map((trial, i) => {
    const end = i + 1 < group.offsets.length ? group.offsets[i + 1] - 1 : x.length;
    return { trial, x: x.subarray(group.offsets[i], end), y: y.subarray(group.offsets[i], end) };
  });
};

/** Join curves with a NaN between two, so that they are one trace. */
export const join = (curves) => {
  const x = [];
  const y = [];
  const trial = [];
  for (const curve of curves) {
    for (let i = 0; i < curve.x.length; i += 1) {
      x.push(curve.x[i]);
      y.push(curve.y[i]);
      trial.push(curve.trial);
    }
    x.push(NaN);
    y.push(NaN);
    trial.push(curve.trial);
  }
  return { x, y, customdata: trial };
};

export const number = (value) => {
  if (value === null || value === undefined || !Number.isFinite(value)) return "not a number";
  if (value === 0) return "0";
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  if (magnitude >= 6 || magnitude < -3) return value.toExponential(2).replaceAll("-", "−");
  const digits = Math.max(0, 4 - Math.max(0, magnitude - 1));
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
};

export const whole = (value) => Math.round(value).toLocaleString("en");

/** Plotly reads a few tags in its texts; nothing that a user named may become one. (Ours neither: <b> would be an
 * inline style, which the content security policy refuses; weight is set on the font.) */
export const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");

export const short = (text, length = 16) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

export const quantile = (values, q) => {
  const sorted = [...values].filter(Number.isFinite).sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(q * (sorted.length - 1))))] : NaN;
};

export const config = { displayModeBar: false, responsive: false, doubleClick: "reset", showTips: false };

/** Ticks where decisions fall, not at round numbers; a look too near to another keeps its stroke and loses its text. */
export const stepAxis = (horizon, looks, width, colours, extra = {}) => {
  const values = [...new Set([0, ...looks.filter((look) => look < horizon), horizon])];
  const room = (8 + 6.5 * whole(horizon).length) * (horizon / Math.max(width, 1));
  let last = -Infinity;
  const text = values.map((value) => {
    const fits = value === horizon || (value - last >= room && (horizon - value >= room));
    if (fits) last = value;
    return fits ? whole(value) : "";
  });
  return {
    range: [0, horizon * 1.005], tickvals: values, ticktext: text, ticks: "outside", ticklen: 4,
    tickcolor: colours.strong, gridcolor: colours.hairline, zeroline: false, showline: false, ...extra,
  };
};

/** The axis that curves are drawn along: by step with its looks, or by seconds or cost, where no tick is special. */
export const alongAxis = (data, range, width, colours, extra = {}) => (data.along === "step" && !data.x_log && !data.window
  ? { ...stepAxis(data.horizon, data.looks, width, colours, extra), range }
  : { range: range.map((x) => (data.x_log ? Math.log10(x) : x)), type: data.x_log ? "log" : "linear", gridcolor: colours.hairline, zeroline: false, nticks: 7, tickfont: { color: colours["ink-3"] }, ...extra });

export const valueAxis = (colours, extra = {}) => ({
  nticks: 8, ticks: "", gridcolor: colours.hairline, zeroline: false, showline: false, automargin: false,
  tickfont: { color: colours["ink-3"] }, ...extra,
});

export const layout = (colours, extra = {}) => ({
  font: { family: "Inter, sans-serif", size: 11, color: colours["ink-3"] },
  paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "closest",
  margin: { l: 48, r: 104, t: 24, b: 34, pad: 0 }, dragmode: matchMedia("(max-width: 720px)").matches ? false : "zoom",
  uirevision: "kept", hoverdistance: 24, ...extra,
});

export const marker = (kind, colours, size = 7) => ({
  symbol: GLYPHS[kind] ?? "circle", size, color: colours[kind] ?? colours.ink,
  line: { width: kind === "control" || kind === "failed" || kind === "paused" ? 1.6 : 1,
    color: kind === "control" || kind === "failed" || kind === "paused" ? colours[kind] : colours.paper },
});

export const label = (text, x, y, colours, extra = {}) => ({
  text, x, y, showarrow: false, xanchor: "left", yanchor: "middle", font: { size: 11, color: colours.ink }, ...extra,
});

/** The metric's name above the axis, the unit at its end; no rotated titles. */
export const axisNames = (data, colours) => [
  label(plain(short(data.objective, 60)), 0, 1, colours, { xref: "paper", yref: "paper", xshift: -46, yshift: 12, font: { size: 11, color: colours["ink-3"] } }),
  label(plain(short(data.unit, 40)), 1, 0, colours, { xref: "paper", yref: "paper", xanchor: "right", yshift: -28, font: { size: 11, color: colours["ink-3"] } }),
];

const choices = (figure) => {
  const state = { axis: "step", scale: "linear" };
  for (const button of figure.querySelectorAll("[data-axis], [data-scale]")) {
    const name = "axis" in button.dataset ? "axis" : "scale";
    button.addEventListener("click", () => {
      state[name] = button.dataset[name];
      for (const other of button.parentElement.children) other.setAttribute("aria-pressed", String(other === button));
      figure.dispatchEvent(new CustomEvent("espalier:redraw"));
    });
  }
  return state;
};

const MESSAGES = {
  away: "Lost touch while reading the curves. The table still holds what is known.",
  empty: "No trial has reported yet. The first curve appears with its first report.",
};

const underWay = new Map();

/** Fetch JSON; figures that ask for the same at once share one answer. */
const fetchOnce = (src, etag) => {
  const key = `${src} ${etag}`;
  if (!underWay.has(key)) underWay.set(key, fetchData(src, etag).finally(() => underWay.delete(key)));
  return underWay.get(key);
};

const fetchData = async (src, etag) => {
  const answer = await fetch(src, { headers: etag ? { "If-None-Match": etag } : {} });
  const wait = Number(answer.headers.get("Retry-After"));
  if (answer.status === 304) return { status: 304, wait };
  if (!answer.ok) throw new Error(`${answer.status}`);
  return { status: answer.status, wait, etag: answer.headers.get("ETag") ?? "", data: await answer.json() };
};

/** Keep one figure drawn: fetch its data and what draws it, draw, and draw again when data, theme, width or a switch change. */
export const mount = (figure, drawing) => {
  if (figure.dataset.mounted) return;
  figure.dataset.mounted = "yes";
  const plot = figure.querySelector("[data-plot]");
  const note = figure.querySelector("[data-note]");
  const state = choices(figure);
  let data = null;
  let draw = null;
  let etag = "";
  let notBefore = 0;
  let later;

  const drawNow = () => {
    if (!figure.isConnected || !data || !draw || !window.Plotly) return;
    const began = performance.now();
    const shown = draw({ figure, plot, data, state, colours: palette(), width: figure.clientWidth });
    // A drawing that takes long must not take all the time there is.
    notBefore = performance.now() + 2 * (performance.now() - began);
    note.textContent = shown === false ? MESSAGES.empty : shown === true ? "" : shown;
    plot.hidden = shown === false;
    figure.dispatchEvent(new CustomEvent("espalier:drawn"));
    figure.querySelector("[data-controls]")?.toggleAttribute("hidden", shown === false);
  };

  // Several reasons to draw at once are one reason.
  const redraw = () => takeTurn(figure, drawNow);

  const refresh = async () => {
    if (!figure.isConnected) return forget();
    clearTimeout(later);
    if (performance.now() < notBefore) {
      later = setTimeout(refresh, notBefore - performance.now());
      return;
    }
    try {
      const answer = await fetchOnce(figure.dataset.src, etag);
      // An answer that is behind says when a newer one can be had.
      if (answer.wait) later = setTimeout(refresh, 1000 * answer.wait);
      if (answer.status === 304) return;
      etag = answer.etag;
      data = answer.data;
      redraw();
    } catch {
      if (!data) note.textContent = MESSAGES.away;
    }
  };

  let width = 0;
  const watcher = new ResizeObserver(() => {
    if (Math.abs(figure.clientWidth - width) < 2) return;
    width = figure.clientWidth;
    redraw();
  });
  const forget = () => {
    watcher.disconnect();
    dark.removeEventListener("change", redraw);
    document.removeEventListener("espalier:theme", redraw);
    document.removeEventListener("espalier:live", refresh);
  };
  dark.addEventListener("change", redraw);
  document.addEventListener("espalier:theme", redraw);
  document.addEventListener("espalier:live", refresh);
  figure.addEventListener("espalier:redraw", redraw);
  figure.addEventListener("espalier:refetch", refresh);
  document.fonts?.ready.then(redraw);
  watcher.observe(figure);
  refresh();
  drawing().then((found) => {
    draw = found;
    redraw();
  }, () => { note.textContent = MESSAGES.away; });
};
