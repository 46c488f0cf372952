// Our own hover card beside a ringed mark: glyph, trial, step, and the sentence. Text is set, never parsed.
import { endsBrush } from "./brushing.js";

const glyph = (kind) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.classList.add("glyph", `glyph-${kind}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#g-${kind}`);
  svg.append(use);
  return svg;
};

const element = (name, className, text) => {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
};

const build = ({ kind, title, word, step, sentence }) => {
  const card = element("div", "hover-card", "");
  const head = element("div", "pair", "");
  const who = element("span", "", "");
  who.append(glyph(kind), " ", element("b", "", title), ` ${word}`);
  head.append(who, element("span", "", step));
  card.append(head);
  if (sentence) card.append(element("p", "sentence", sentence));
  return card;
};

/** Show what `describe(point)` returns while the pointer is near a mark; a click calls its `pin`, else follows its url. */
export const attachHover = (figure, plot, describe) => {
  plot.describe = describe;
  if (plot.dataset.hovering) return;
  plot.dataset.hovering = "yes";
  let shown = [];
  const clear = () => {
    for (const part of shown) part.remove();
    shown = [];
  };

  plot.on("plotly_hover", ({ points }) => {
    const point = points[0];
    const facts = plot.describe(point);
    if (!facts) return;
    clear();
    const left = plot.offsetLeft + point.xaxis._offset + point.xaxis.d2p(facts.x ?? point.x);
    const top = plot.offsetTop + point.yaxis._offset + point.yaxis.d2p(facts.y ?? point.y);
    const ring = element("span", "hover-ring", "");
    const card = build(facts);
    figure.append(ring, card);
    ring.style.left = `${left}px`;
    ring.style.top = `${top}px`;
    const flip = left + 20 + card.offsetWidth > figure.clientWidth;
    card.style.left = `${flip ? Math.max(0, left - card.offsetWidth - 14) : left + 14}px`;
    card.style.top = `${Math.min(top + 14, plot.offsetTop + plot.clientHeight - card.offsetHeight - 8)}px`;
    shown = [ring, card];
  });
  plot.on("plotly_unhover", clear);
  plot.on("plotly_click", ({ points }) => {
    // A finger's tap is how it hovers; it must not leave the page.
    if (!matchMedia("(hover: hover)").matches || endsBrush(plot)) return;
    const facts = plot.describe(points[0]);
    if (facts?.pin) facts.pin();
    else if (facts?.url) location.assign(facts.url);
  });
};
