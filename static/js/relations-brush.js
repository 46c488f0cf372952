// What is selected by a drag over the figures of relations: queries of trials, over the axes of relations.json.
import { all } from "./brushing.js";

const digits = (value, n = 6) => String(Number(value.toPrecision(n)));

const bounds = (field, low, high) => all(low === null ? "" : `${field} >= ${low}`, high === null ? "" : `${field} <= ${high}`);

/** The trials whose value of an axis lies between two places from 0 to 1; an end of the axis is no bound. */
export const onAxis = (axis, [low, high]) => {
  if (axis.choices) {
    const held = axis.words.filter((_, i) => axis.place(i) >= low - 1e-9 && axis.place(i) <= high + 1e-9);
    if (!held.length) return null;
    return held.length === axis.words.length ? "" : held.length > 1 ? `${axis.field} in (${held.join(", ")})` : `${axis.field} = ${held[0]}`;
  }
  return bounds(axis.field, low <= 0 ? null : digits(axis.at(low)), high >= 1 ? null : digits(axis.at(high)));
};

/** The trials whose value lies in a range; where the range reaches an end of what is drawn, that end is no bound. */
export const onValue = (field, [low, high], [least, most]) => bounds(field, low <= least ? null : digits(low), high >= most ? null : digits(high));

/** The trials between two shares of the drawn ones, 0 the worst: `sorted` are their values in that order. */
export const onRank = (field, sorted, [low, high]) => {
  const last = sorted.length - 1;
  const ends = [sorted[Math.max(0, Math.ceil(low * last - 1e-9))], sorted[Math.min(last, Math.floor(high * last + 1e-9))]];
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  // Drawn values are rounded to float32: the bounds give way by as much, so that no trial at the edge is lost.
  const give = 1e-6 * Math.max(Math.abs(least), Math.abs(most));
  return bounds(field, digits(least - give, 9), digits(most + give, 9));
};
