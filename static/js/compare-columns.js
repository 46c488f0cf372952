// The columns of a comparison: drag a <th data-column="24" draggable> onto another to put it there (the first is the
// base), or press b with the focus in it; [data-difference] buttons, [ and ] go from one row that differs to the next.

const table = document.querySelector("[data-compare]");
const numbers = () => [...table.querySelectorAll("[data-column]")].map((head) => head.dataset.column);

const order = (chosen) => {
  const url = new URL(location.href);
  url.searchParams.set("sel", chosen.join(","));
  location.assign(url.href.replaceAll("%2C", ","));
};

const put = (number, before) => {
  if (number === before) return;
  const others = numbers().filter((other) => other !== number);
  others.splice(others.indexOf(before), 0, number);
  order(others);
};

const move = (by) => {
  const rows = [...table.querySelectorAll("[data-differs]")];
  if (!rows.length) return;
  const now = rows.indexOf(document.activeElement?.closest("[data-differs]"));
  const row = rows[now < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(now + by, 0), rows.length - 1)];
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "center" });
};

const start = () => {
  for (const button of table.querySelectorAll("[data-difference]")) {
    button.hidden = false;
    button.addEventListener("click", () => move(Number(button.dataset.difference)));
  }
  let dragged = null;
  table.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-column]")?.dataset.column ?? null;
    event.dataTransfer.effectAllowed = "move";
  });
  table.addEventListener("dragover", (event) => {
    const over = dragged && event.target.closest("[data-column]");
    if (!over) return;
    event.preventDefault();
    for (const head of table.querySelectorAll("[data-column]")) head.classList.toggle("drop-here", head === over);
  });
  table.addEventListener("drop", (event) => {
    const over = event.target.closest("[data-column]");
    if (!dragged || !over) return;
    event.preventDefault();
    put(dragged, over.dataset.column);
  });
  table.addEventListener("dragend", () => {
    for (const head of table.querySelectorAll(".drop-here")) head.classList.remove("drop-here");
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "b") document.activeElement?.closest("[data-column]")?.querySelector("[data-make-base]")?.click();
    if (event.key === "[" || event.key === "]") move(event.key === "]" ? 1 : -1);
  });
};

if (table) start();
