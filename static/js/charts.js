// Draws every <figure data-chart="NAME" data-src="URL"> with its module, again when the page or the theme changes.
import { mount } from "./chart-common.js";
import "./chart-save.js";
import "./compare-columns.js";
import "./curve-view.js";
import { draw as allCurves } from "./all-curves.js";
import { draw as moment } from "./audit-moment.js";
import { draw as best } from "./best-so-far.js";
import { draw as compare } from "./compare-curves.js";
import { draw as curves } from "./curves.js";
import { draw as front } from "./front.js";
import { draw as frontier } from "./frontier.js";
import { draw as labTrial } from "./lab-trial.js";
import { drawCells as cells, drawFar as far, drawHalted as halted, drawPassing as passing } from "./halted.js";
import { draw as pair } from "./pair.js";
import { draw as parallel } from "./parallel.js";
import { drawHours as hours, drawStates as states, drawTimeline as timeline } from "./resources.js";
import { draw as slices } from "./slices.js";
import { draw as studies, drawSpread as spread } from "./studies-compare.js";
import { draw as trial } from "./trial-curves.js";
import { draw as values } from "./values.js";

const CHARTS = {
  "all-curves": allCurves, best, cells, compare, curves, far, front, frontier, halted, hours, "lab-trial": labTrial, moment, pair, parallel, passing,
  slices, spread, states, studies, timeline, trial, values,
};

const mountAll = (root) => {
  const figures = [...root.querySelectorAll("[data-chart]"), ...(root.matches?.("[data-chart]") ? [root] : [])];
  for (const figure of figures) if (figure.dataset.chart in CHARTS) mount(figure, CHARTS[figure.dataset.chart]);
};

document.addEventListener("htmx:load", (event) => mountAll(event.detail.elt));
mountAll(document);
