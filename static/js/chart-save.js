// Saves what a chart shows: as a picture (PNG, SVG), as its numbers (CSV), or as a figure for a notebook (Plotly's JSON).
// Buttons carry data-save="png|svg|csv|json" inside the figure. A figure of several small pictures is saved as one
// picture and one table; for a notebook they are a list.
import { cellsUnder } from "./density.js";

const BIGGER = 2; // a picture has so many pixels for one on the screen

const plain = (value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);

/** The traces and the layout, without what only this page needs. */
const figureOf = (plot) => ({
  data: plot.data.map((trace) => {
    const { customdata, ...rest } = trace;
    const simple = Array.isArray(customdata) && customdata.some((one) => one !== null && typeof one === "object");
    return simple ? rest : { ...rest, ...(customdata === undefined ? {} : { customdata }) };
  }),
  layout: plot.layout,
});

const asJson = (plots) => {
  const found = plots.map(figureOf);
  return JSON.stringify(found.length > 1 ? found : found[0], (_, value) => plain(value));
};

/** One cell of a table; a text that a spreadsheet would take for a formula is kept a text. */
const cell = (value) => {
  if (value === null || value === undefined || (typeof value === "number" && Number.isNaN(value))) return "";
  const text = String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** What a point is called: the trial, where a chart knows it. */
const pointOf = (trace, i) => (Array.isArray(trace.customdata) && typeof trace.customdata[i] !== "object" ? trace.customdata[i] : "");

const rowsOf = (trace, place) => {
  const name = trace.name ?? `${trace.type ?? "scatter"} ${place + 1}`;
  const [x, y] = [plain(trace.x) ?? [], plain(trace.y) ?? []];
  if (trace.type === "heatmap") return trace.z.flatMap((row, j) => Array.from(row, (z, i) => [name, x[i] ?? i, y[j] ?? j, z, ""]));
  return Array.from({ length: Math.max(x.length, y.length) }, (_, i) => [name, x[i], y[i], "", pointOf(trace, i)]).filter(([, left, right]) => left !== undefined && !(Number.isNaN(left) && Number.isNaN(right)));
};

/** The rows of one picture; a line's pale ground repeats it and is left out. */
const rowsOfPlot = (plot, several) => {
  const under = cellsUnder(plot).map(([x, y, n]) => ["curves that pass", x, y, n, ""]);
  const rows = [...plot.data.filter((trace) => !trace.name?.endsWith(", ground")).flatMap(rowsOf), ...under];
  return several ? rows.map(([name, ...rest]) => [`${plot.dataset.title}: ${name}`, ...rest]) : rows;
};

const asCsv = (plots) => [["trace", "x", "y", "z", "point"], ...plots.flatMap((plot) => rowsOfPlot(plot, plots.length > 1))].map((row) => row.map(cell).join(",")).join("\r\n");

const svgOf = (plot) => {
  const { width, height } = plot._fullLayout;
  return window.Plotly.toImage(plot, { format: "svg", width, height, imageDataOnly: true });
};

/** The pictures as they stand on the page, on its ground: a picture is looked at on its own. */
const asSvg = async (plots) => {
  const boxes = plots.map((plot) => plot.getBoundingClientRect());
  const [left, top] = [Math.min(...boxes.map((box) => box.left)), Math.min(...boxes.map((box) => box.top))];
  const size = sizeOf(plots);
  const inner = [];
  for (const [i, plot] of plots.entries()) inner.push((await svgOf(plot)).replace("<svg", `<svg x="${boxes[i].left - left}" y="${boxes[i].top - top}"`));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}">`
    + `<rect width="100%" height="100%" fill="${getComputedStyle(document.body).backgroundColor}"/>${inner.join("")}</svg>`;
};

const sizeOf = (plots) => {
  const boxes = plots.map((plot) => ({ ...plot.getBoundingClientRect().toJSON(), ...plot._fullLayout }));
  return {
    width: Math.ceil(Math.max(...boxes.map((box) => box.left + box.width)) - Math.min(...boxes.map((box) => box.left))),
    height: Math.ceil(Math.max(...boxes.map((box) => box.top + box.height)) - Math.min(...boxes.map((box) => box.top))),
  };
};

const asPng = async (plots) => {
  const { width, height } = sizeOf(plots);
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await asSvg(plots))}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * BIGGER, height * BIGGER];
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((give) => canvas.toBlob(give, "image/png"));
};

const MAKERS = {
  png: [asPng, "image/png"], svg: [asSvg, "image/svg+xml"],
  csv: [async (plots) => asCsv(plots), "text/csv"], json: [async (plots) => asJson(plots), "application/json"],
};

const nameOf = (figure) => {
  const study = document.querySelector("h1")?.textContent ?? "";
  const chart = figure.querySelector("h2, h3")?.textContent ?? figure.dataset.chart;
  return `${study} ${chart}`.trim().toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 80) || "chart";
};

const download = (name, made, type) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(made instanceof Blob ? made : new Blob([made], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-save]");
  const figure = button?.closest("[data-chart]");
  const plots = [...(figure?.querySelectorAll(".js-plotly-plot") ?? [])].filter((plot) => plot.data);
  if (!plots.length || !window.Plotly) return;
  button.closest("details")?.removeAttribute("open");
  const [make, type] = MAKERS[button.dataset.save];
  try {
    download(`${nameOf(figure)}.${button.dataset.save}`, await make(plots), type);
  } catch {
    figure.querySelector("[data-note]").textContent = "The picture could not be made; try SVG or CSV.";
  }
});
