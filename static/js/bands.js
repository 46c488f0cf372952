// The band of the peers: 10 to 90 % and the middle half, in ink at 5 to 8 %.
import { fade, unpack } from "./chart-common.js";

const area = (x, low, high, colour) => [
  { type: "scatter", mode: "lines", hoverinfo: "skip", x, y: low, line: { width: 0 } },
  { type: "scatter", mode: "lines", hoverinfo: "skip", x, y: high, line: { width: 0 }, fill: "tonexty", fillcolor: colour },
];

export const bandTraces = (band, colours) => {
  if (!band?.x) return [];
  const x = [...unpack(band.x)];
  const [p10, p25, p75, p90] = ["p10", "p25", "p75", "p90"].map((name) => [...unpack(band[name])]);
  return [...area(x, p10, p90, fade(colours.ink, 0.06)), ...area(x, p25, p75, fade(colours.ink, 0.08))];
};
