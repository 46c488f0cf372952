// Many curves as ink: cells by the logarithm of how many pass, median and 10 % quantile with a halo, bands of groups.
// The cells are painted here and laid under the plot: Plotly's own heatmap sets an inline style, which the content
// security policy refuses.
import { fade, unpack } from "./chart-common.js";

const LIGHTEST = 0.1;
const DARKEST = 0.82;

const painted = (density, colours) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: density.columns, height: density.rows });
  const context = canvas.getContext("2d");
  const image = context.createImageData(density.columns, density.rows);
  const cells = unpack(density.cells);
  const most = cells.reduce((a, b) => Math.max(a, b), 0) || 1;
  const [red, green, blue] = colours.ink.match(/[\d.]+/g).map(Number);
  for (let row = 0; row < density.rows; row += 1) {
    for (let column = 0; column < density.columns; column += 1) {
      const cell = cells[row * density.columns + column];
      if (!cell) continue;
      // Pictures count their rows from the top, the grid from the lowest value.
      const at = 4 * ((density.rows - 1 - row) * density.columns + column);
      image.data.set([red, green, blue, 255 * (LIGHTEST + (DARKEST - LIGHTEST) * (cell / most) ** 1.3)], at);
    }
  }
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
};

const exponent = (values, log) => values.map((value) => (log ? Math.log10(value) : value));

/** The cells as a picture that lies under the lines, in the units of the axes. */
export const densityImages = (panel, data, colours) => {
  if (!panel.density) return [];
  const [x0, x1] = exponent(panel.x, data.x_log);
  const [y0, y1] = exponent(panel.y, data.y_log);
  return [{ source: painted(panel.density, colours), xref: "x", yref: "y", x: x0, y: y1, sizex: x1 - x0, sizey: y1 - y0, sizing: "stretch", layer: "below" }];
};

const shown = new WeakMap();

/** Remember which cells lie under a plot, for whoever saves its numbers. */
export const keepCells = (plot, panel) => (panel.density ? shown.set(plot, panel.density) : shown.delete(plot));

/** The cells under a plot as [x, y, curves] of each that some curve passes; x and y are its middle. */
export const cellsUnder = (plot) => {
  const density = shown.get(plot);
  if (!density) return [];
  const [xs, ys, cells] = [unpack(density.x_edges), unpack(density.y_edges), unpack(density.cells)];
  const middle = (edges, i) => (edges[i] + edges[i + 1]) / 2;
  // Cells travel as the logarithm of one more than the count.
  return [...cells].flatMap((cell, i) => (cell ? [[middle(xs, i % density.columns), middle(ys, Math.floor(i / density.columns)), Math.round(Math.exp(cell) - 1)]] : []));
};

/** A line in the accent that stands off from the ink below it. */
const haloed = (name, x, y, dash, colours) => [
  { type: "scatter", mode: "lines", hoverinfo: "skip", name: `${name}, ground`, x, y, line: { width: 5, color: fade(colours.paper, 0.85) } },
  { type: "scatter", mode: "lines", hoverinfo: "skip", name, x, y, line: { width: 1.8, color: colours.accent, dash } },
];

export const quantileTraces = (panel, hidden, smoothed, weight, colours) => {
  const density = panel.density;
  if (!density || hidden.includes("quantiles")) return [];
  const x = [...unpack(density.x)];
  const bent = (name) => (smoothed ? smoothed(unpack(density[name]), weight) : [...unpack(density[name])]);
  return [...haloed("10 % of those alive", x, bent("p10"), "dot", colours), ...haloed("median", x, bent("p50"), "solid", colours)];
};

export const groupTraces = (panel, smoothed, weight, colours) => panel.bands.flatMap((band, i) => {
  const colour = colours[`letter-${(i % 4) + 1}`];
  const x = [...unpack(band.x)];
  const mean = unpack(band.mean);
  const dash = i > 3 ? "dash" : "solid";
  return [
    { type: "scatter", mode: "lines", hoverinfo: "skip", x, y: [...unpack(band.p10)], line: { width: 0 } },
    { type: "scatter", mode: "lines", hoverinfo: "skip", x, y: [...unpack(band.p90)], line: { width: 0 }, fill: "tonexty", fillcolor: fade(colour, 0.1) },
    ...(smoothed ? [{ type: "scatter", mode: "lines", hoverinfo: "skip", x, y: [...mean], line: { width: 1, color: fade(colour, 0.4), dash } }] : []),
    { type: "scatter", mode: "lines", hoverinfo: "skip", x, y: smoothed ? smoothed(mean, weight) : [...mean], line: { width: 2.2, color: colour, dash } },
  ];
});
