// `/` goes to [data-key-search]; j and k move over [data-rows] > [data-row] (or follow [data-key="j"] links where there
// are no rows); Enter opens [data-open], x ticks [data-select], c follows [data-tray-compare], ? shows the list.

const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
const rows = () => [...document.querySelectorAll("[data-rows] > [data-row]")];
// The row is remembered by where it leads, so that it is found again after its table was swapped.
let current = "";
const leadsTo = (row) => row.querySelector("[data-open]")?.pathname;
const focused = () => rows().find((row) => current && leadsTo(row) === current) ?? rows().find((row) => row.querySelector("[aria-current]"));
const mark = () => {
  for (const row of rows()) row.classList.toggle("row-focus", Boolean(current) && leadsTo(row) === current);
};

const follow = (selector) => document.querySelector(selector)?.click();

const move = (by) => {
  const neighbour = document.querySelector(`[data-key="${by > 0 ? "j" : "k"}"]`);
  if (neighbour) return neighbour.click();
  const all = rows();
  if (!all.length) return;
  const now = all.indexOf(focused());
  const row = all[Math.min(Math.max(now + by, 0), all.length - 1)];
  current = leadsTo(row);
  mark();
  row.querySelector("[data-open]")?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
};

const search = () => {
  const field = document.querySelector("main [data-key-search]") ?? document.querySelector("[data-key-search]");
  field?.focus();
  field?.select();
};

const KEYS = {
  "/": search,
  j: () => move(1),
  k: () => move(-1),
  x: () => focused()?.querySelector("[data-select]")?.click(),
  c: () => follow("[data-tray]:not([hidden]) [data-tray-compare]"),
  p: () => follow("[data-live-pause]:not([hidden])"),
  "?": () => document.querySelector("[data-shortcuts-sheet]")?.showModal(),
};

document.addEventListener("htmx:afterSwap", mark);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  const checkbox = event.target.type === "checkbox";
  if ((typing(event.target) && !checkbox) || document.querySelector("dialog[open]")) return;
  const action = KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
