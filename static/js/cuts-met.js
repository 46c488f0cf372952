// The cuts that one trial met, each as it was when the trial was judged: fetched when a line or mark is clicked.
import { fade, label, number } from "./chart-common.js";

const kept = new WeakMap();

export const showCuts = async (figure, trial) => {
  if (kept.get(figure)?.trial === trial) {
    kept.delete(figure);
  } else {
    const answer = await fetch(figure.dataset.cuts.replace(/0\.json$/, `${trial}.json`));
    if (!answer.ok) return;
    kept.set(figure, await answer.json());
  }
  const met = kept.get(figure);
  const note = figure.querySelector("[data-note]");
  figure.dispatchEvent(new CustomEvent("espalier:redraw"));
  if (met) figure.addEventListener("espalier:drawn", () => note.replaceChildren(...words(figure, met)), { once: true });
};

const words = (figure, met) => {
  const link = Object.assign(document.createElement("a"), { href: `${figure.dataset.trials}${met.trial}/`, textContent: `Trial ${met.trial}` });
  const said = met.cuts.length ? ` met ${met.cuts.length} ${met.cuts.length === 1 ? "cut" : "cuts"}, drawn as they were at that moment.` : " met no cut.";
  return [link, said];
};

export const cutsMet = (figure, data, span, log, colours) => {
  const met = kept.get(figure);
  if (!met || data.along !== "step" || data.panels.length > 1) return { shapes: [], annotations: [] };
  const half = span * 0.022;
  return {
    shapes: met.cuts.map((cut) => ({ type: "line", x0: cut.step - half, x1: cut.step + half, y0: cut.value, y1: cut.value, line: { color: colours.accent, width: 3 } })),
    annotations: met.cuts.map((cut) => label(`trial ${met.trial} met ${number(cut.value)}${cut.rank ? `, rank ${cut.rank} of ${cut.of}` : ""}`, cut.step + half, log ? Math.log10(cut.value) : cut.value, colours,
      { xshift: 3, font: { size: 11, weight: 500, color: colours.accent }, bgcolor: fade(colours.paper, 0.9) })),
  };
};
