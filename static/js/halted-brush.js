// What is selected by a drag over, or a click on, the figures of halted trials: queries of trials.
import { all, between, wholes } from "./brushing.js";

/** The trials in the bins from one to another of a parameter (halted.json, `queries` and `bounds`). */
export const inBins = (one, [first, last]) => {
  const queries = one.queries.slice(first, last + 1);
  if (queries.length > 1 && one.bounds.length) return all(one.bounds[first][0], one.bounds[last][1]);
  return queries.length > 1 ? `(${queries.join(" or ")})` : queries[0];
};

/** A drag over a histogram: its bars, and what stands up (went on), down (stopped) or on both sides of the line. */
export const inHistogram = (data, one, range) => {
  const bins = wholes(range.x, one.bins.length);
  if (!bins) return "";
  const side = range.y[0] > 0 ? data.where.went_on : range.y[1] < 0 ? data.where.stopped : data.where.ended;
  return all(inBins(one, bins), side);
};

/** A drag over cells of two parameters: all that ended there. */
export const inCells = (data, range) => {
  const [across, down] = [wholes(range.x, data.across.bins.length), wholes(range.y, data.down.bins.length)];
  return across && down ? all(inBins(data.across, across), inBins(data.down, down), data.where.ended) : "";
};

/** A drag over steps: the trials that were stopped there. */
export const atSteps = (data, range) => all(between("end_step", range.x.map(Math.round)), data.where.stopped);

/** A drag over trials in the order they began. */
export const inOrder = (range) => {
  const [low, high] = [Math.max(0, Math.ceil(range.x[0] - 0.5)), Math.floor(range.x[1] + 0.5)];
  return low <= high ? `number >= ${low} and number <= ${high}` : "";
};
