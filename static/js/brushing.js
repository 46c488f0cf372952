// Brushing a figure: drag over it, and what lies in the range becomes the selection of every page, found by a query.
// A drag of a few pixels is a click, and stays the figure's own. Fingers scroll: for them and for the keyboard each page
// that brushes has the form [data-select-form].

const A_DRAG = 5;

/** Which of the figure's pictures lies under the pointer: {id, xaxis, yaxis}, or undefined. */
const pictureAt = (plot, x, y) => Object.entries(plot._fullLayout?._plots ?? {})
  .map(([id, { xaxis, yaxis }]) => ({ id, xaxis, yaxis }))
  .find(({ xaxis, yaxis }) => x >= xaxis._offset - 8 && x <= xaxis._offset + xaxis._length + 8 && y >= yaxis._offset - 8 && y <= yaxis._offset + yaxis._length + 8);

const within = (pixel, axis) => Math.min(Math.max(pixel - axis._offset, 0), axis._length);

const ordered = (a, b) => (a < b ? [a, b] : [b, a]);

const boxOf = (begun, here, both) => {
  const { xaxis, yaxis } = begun.picture;
  const [left, right] = ordered(within(begun.x, xaxis), within(here.x, xaxis));
  const [top, bottom] = both ? ordered(within(begun.y, yaxis), within(here.y, yaxis)) : [0, yaxis._length];
  return { left, right, top, bottom };
};

/** Geometry goes through the CSSOM: the content policy refuses inline styles. */
const show = (figure, plot, picture, box) => {
  const cover = figure.querySelector(".brush") ?? figure.appendChild(Object.assign(document.createElement("div"), { className: "brush" }));
  cover.style.left = `${plot.offsetLeft + picture.xaxis._offset + box.left}px`;
  cover.style.top = `${plot.offsetTop + picture.yaxis._offset + box.top}px`;
  cover.style.width = `${Math.max(2, box.right - box.left)}px`;
  cover.style.height = `${Math.max(2, box.bottom - box.top)}px`;
};

const hide = (figure) => figure.querySelector(".brush")?.remove();

const listen = (figure, plot) => {
  let begun = null;
  const spot = (event) => {
    const area = plot.getBoundingClientRect();
    return { x: event.clientX - area.left, y: event.clientY - area.top };
  };
  const leave = () => {
    begun = null;
    hide(figure);
  };
  plot.addEventListener("pointerdown", (event) => {
    if (event.button || event.pointerType === "touch") return;
    const { x, y } = spot(event);
    const picture = pictureAt(plot, x, y);
    begun = picture ? { x, y, picture, moved: false } : null;
  });
  // While a button is down Plotly covers the page: what follows is heard by the document.
  document.addEventListener("pointermove", (event) => {
    if (!begun) return;
    const here = spot(event);
    if (!begun.moved && Math.hypot(here.x - begun.x, here.y - begun.y) < A_DRAG) return;
    begun.moved = true;
    show(figure, plot, begun.picture, boxOf(begun, here, plot.brushing.both));
  });
  document.addEventListener("pointerup", (event) => {
    if (begun?.moved) {
      // Plotly takes the end of a drag for a click, and tells of it next.
      plot.dataset.brushed = "yes";
      setTimeout(() => delete plot.dataset.brushed, 50);
      const { picture } = begun;
      const box = boxOf(begun, spot(event), plot.brushing.both);
      const query = plot.brushing.query({
        id: picture.id,
        x: ordered(picture.xaxis.p2d(box.left), picture.xaxis.p2d(box.right)),
        y: ordered(picture.yaxis.p2d(box.top), picture.yaxis.p2d(box.bottom)),
      });
      if (query) choose(figure, query);
    }
    leave();
  });
  document.addEventListener("pointercancel", leave);
  document.addEventListener("keydown", (event) => event.key === "Escape" && leave());
};

/** Whether a click is but the end of a drag. */
export const endsBrush = (plot) => "brushed" in plot.dataset;

/** Select, on every page, what a query finds. */
export const choose = (figure, query) => figure.dispatchEvent(new CustomEvent("espalier:choose", { bubbles: true, detail: { query } }));

/**
 * Let a figure be brushed: `query({id, x: [low, high], y: [low, high]})` says which trials lie in the range that was
 * dragged over, in the values of the picture `id` (such as "x2y2"); nothing is selected where it returns nothing.
 * both: the range is a rectangle, not a stretch of the horizontal axis. Attached once, always the newest.
 */
export const attachBrush = (figure, plot, query, { both = false } = {}) => {
  const first = !plot.brushing;
  plot.brushing = { query, both };
  plot.classList.add("brushable");
  if (first) listen(figure, plot);
};

/** A number as a query writes it: six digits tell any drag apart. */
const digits = (value) => String(Number(value.toPrecision(6)));

/** `field >= low and field <= high`. */
export const between = (field, [low, high]) => `${field} >= ${digits(low)} and ${field} <= ${digits(high)}`;

/** Whole numbers between low and high, such as the bars under a drag: [first, last], or null for none. */
export const wholes = ([low, high], n) => {
  const [first, last] = [Math.max(0, Math.ceil(low - 0.5)), Math.min(n - 1, Math.floor(high + 0.5))];
  return first <= last ? [first, last] : null;
};

/** All of several queries; empty ones ask for nothing. */
export const all = (...queries) => queries.filter(Boolean).join(" and ");
