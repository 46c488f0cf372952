// Saves what a chart shows: as a picture (PNG, SVG), as its numbers (CSV), or as a figure for a notebook (Plotly's JSON).
// Buttons carry data-save="png|svg|csv|json" inside the figure.

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

const asJson = (plot) => JSON.stringify(figureOf(plot), (_, value) => plain(value));

/** One cell of a table; a text that a spreadsheet would take for a formula is kept a text. */
const cell = (value) => {
  if (value === null || value === undefined || (typeof value === "number" && Number.isNaN(value))) return "";
  const text = String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

const rowsOf = (trace, place) => {
  const name = trace.name ?? `${trace.type ?? "scatter"} ${place + 1}`;
  const [x, y] = [plain(trace.x) ?? [], plain(trace.y) ?? []];
  if (trace.type === "heatmap") return trace.z.flatMap((row, j) => Array.from(row, (z, i) => [name, x[i] ?? i, y[j] ?? j, z]));
  return Array.from({ length: Math.max(x.length, y.length) }, (_, i) => [name, x[i], y[i], ""]).filter(([, left, right]) => left !== undefined && !(Number.isNaN(left) && Number.isNaN(right)));
};

const asCsv = (plot) => [["trace", "x", "y", "z"], ...plot.data.flatMap(rowsOf)].map((row) => row.map(cell).join(",")).join("\r\n");

const asSvg = async (plot) => {
  const { width, height } = plot._fullLayout;
  const said = await window.Plotly.toImage(plot, { format: "svg", width, height, imageDataOnly: true });
  // A picture is looked at on its own, so it needs a ground.
  const ground = getComputedStyle(document.body).backgroundColor;
  return said.replace(/(<svg[^>]*>)/, `$1<rect width="100%" height="100%" fill="${ground}"/>`);
};

const asPng = async (plot) => {
  const { width, height } = plot._fullLayout;
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await asSvg(plot))}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * BIGGER, height * BIGGER];
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((give) => canvas.toBlob(give, "image/png"));
};

const MAKERS = {
  png: [asPng, "image/png"], svg: [asSvg, "image/svg+xml"],
  csv: [async (plot) => asCsv(plot), "text/csv"], json: [async (plot) => asJson(plot), "application/json"],
};

const nameOf = (figure) => {
  const study = document.querySelector("h1")?.textContent ?? "";
  const chart = figure.querySelector("h2")?.textContent ?? figure.dataset.chart;
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
  const plot = figure?.querySelector("[data-plot]");
  if (!plot?.data || !window.Plotly) return;
  button.closest("details")?.removeAttribute("open");
  const [make, type] = MAKERS[button.dataset.save];
  try {
    download(`${nameOf(figure)}.${button.dataset.save}`, await make(plot), type);
  } catch {
    figure.querySelector("[data-note]").textContent = "The picture could not be made; try SVG or CSV.";
  }
});
