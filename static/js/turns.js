// Figures take turns at drawing, one in each frame, so that none holds up the page: those in sight or near it first,
// the others once the browser has nothing else to do. A printed page has them all.

const waiting = new Map();
const met = new WeakSet();
const seen = new WeakSet();
const near = new WeakSet();
const next = () => {
  const figures = [...waiting.keys()].filter((figure) => seen.has(figure));
  return figures.find((figure) => near.has(figure)) ?? figures[0];
};

const drawNext = () => {
  const figure = next();
  const draw = waiting.get(figure);
  waiting.delete(figure);
  draw?.();
  plan();
};

/** One call at a time is asked for by each of the two ways: a figure that comes near need not wait for idleness. */
const once = (ask) => {
  let asked = false;
  return () => {
    if (!asked) ask(() => { asked = false; drawNext(); });
    asked = true;
  };
};

const inNextFrame = once((call) => requestAnimationFrame(call));
const whenIdle = once((call) => (window.requestIdleCallback ? requestIdleCallback(call, { timeout: 1000 }) : setTimeout(call, 50)));

const plan = () => {
  const figure = next();
  if (!figure) return;
  if (near.has(figure)) inNextFrame();
  else whenIdle();
};

// Within a screen of what is shown. Asking the figures where they are would have the page laid out before each drawing.
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    seen.add(target);
    if (isIntersecting) near.add(target);
    else near.delete(target);
  }
  plan();
}, { rootMargin: "100% 0%" });

/** Draw a figure when its turn comes; asked twice before, it is drawn once. */
export const takeTurn = (figure, draw) => {
  waiting.set(figure, draw);
  if (!met.has(figure)) watcher.observe(figure);
  met.add(figure);
  plan();
};

window.addEventListener("beforeprint", () => {
  for (const draw of waiting.values()) draw();
  waiting.clear();
});
