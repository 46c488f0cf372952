// Draws every <figure data-chart="NAME" data-module="URL" data-src="URL"> with its module, which is fetched when the
// first such figure appears, and again when the page or the theme changes.
import { mount } from "./chart-common.js";
import "./chart-save.js";

/** A module draws one kind of chart, or has a function for each of its kinds. */
const drawing = async ({ module, chart }) => {
  const { draw, draws } = await import(module);
  return draws?.[chart] ?? draw;
};

const mountAll = (root) => {
  const figures = [...root.querySelectorAll("[data-module]"), ...(root.matches?.("[data-module]") ? [root] : [])];
  for (const figure of figures) mount(figure, () => drawing(figure.dataset));
};

document.addEventListener("htmx:load", (event) => mountAll(event.detail.elt));
mountAll(document);
