// Labels that keep clear of each other: beside marks, the first place that is free, else none; at the ends of lines, moved apart.

const LETTER = 6.1;
const HEIGHT = 14;
// The four quarters first, which crosses leave free, then straight up, down and aside, then a line further: [dx, dy, anchor].
const PLACES = [
  [6, -10, "left"], [-6, -10, "right"], [6, 10, "left"], [-6, 10, "right"], [0, -13, "center"], [0, 13, "center"],
  [9, 0, "left"], [-9, 0, "right"], [6, -25, "left"], [-6, -25, "right"], [6, 25, "left"], [-6, 25, "right"],
];
const SHIFT = { left: 0, right: 1, center: 0.5 };

const overlap = (a, b) => a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;

/** Return {index, dx, dy, anchor} for the marks {x, y, text} (pixels, y downwards) whose label finds room. */
export const place = (marks, { width, height }) => {
  const taken = marks.map(({ x, y }) => ({ x0: x - 5, x1: x + 5, y0: y - 5, y1: y + 5 }));
  return marks.flatMap(({ x, y, text }, index) => {
    const length = text.length * LETTER;
    for (const [dx, dy, anchor] of PLACES) {
      const left = x + dx - SHIFT[anchor] * length;
      const box = { x0: left, x1: left + length, y0: y + dy - HEIGHT / 2, y1: y + dy + HEIGHT / 2 };
      const inside = box.x0 >= 0 && box.x1 <= width && box.y0 >= 0 && box.y1 <= height;
      if (inside && !taken.some((other, i) => i !== index && overlap(box, other))) {
        taken.push(box);
        return [{ index, dx, dy, anchor }];
      }
    }
    return [];
  });
};

/** Return heights in [0, height] (pixels), at least so far apart and as near to those wanted as that allows; same order. */
export const dodge = (wanted, height, apart = 13) => {
  const gap = wanted.length > 1 ? Math.min(apart, height / (wanted.length - 1)) : apart;
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const found = wanted.map((y) => Math.min(Math.max(y, 0), height));
  for (let i = 1; i < order.length; i += 1) found[order[i]] = Math.max(found[order[i]], found[order[i - 1]] + gap);
  let ceiling = height;
  for (const i of order.reverse()) {
    found[i] = Math.min(found[i], ceiling);
    ceiling = found[i] - gap;
  }
  return found;
};

/** Where values were last a number: a curve that diverged ends at no height. -1 if they never were. */
export const lastTold = (values) => values?.findLastIndex(Number.isFinite) ?? -1;
