// Amendments on charts whose axis is time, the order of trials or work done: a dashed line with the revision's number, its
// reason beside it where there is room. Data: docs/charts.md, `amendments`. What is drawn is saved with the figure.
import { label, plain, short } from "./chart-common.js";

/** `at(amendment)` says where one stands on the horizontal axis; null for one that stands nowhere on it. */
export const amendmentMarks = (data, at, colours, { room = 22 } = {}) => {
  const marks = (data.amendments ?? []).map((one) => ({ ...one, x: at(one) })).filter(({ x }) => x !== null && x !== undefined);
  return {
    shapes: marks.map(({ x }) => ({ type: "line", xref: "x", yref: "paper", x0: x, x1: x, y0: 0, y1: 1, line: { width: 1, dash: "dash", color: colours["ink-3"] } })),
    annotations: marks.map(({ x, revision, reason }) => label(`amendment ${revision}${room ? `: ${plain(short(reason, room))}` : ""}`, x, 1, colours,
      { xref: "x", yref: "paper", xshift: 4, yshift: -6, hovertext: plain(reason), font: { size: 11, color: colours["ink-3"] } })),
  };
};
