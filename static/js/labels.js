// Labels beside marks that keep clear of each other and of the marks: the first place that is free, else none.

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
