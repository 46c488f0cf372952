// Keeps what a page of curves shows in its address: [data-set] links, [data-param] lists, [data-layer] boxes and the
// zoom of <figure data-chart data-base="URL"> all become parameters, so that a link shows the same again.

const page = document.querySelector("[data-curve-page]");
const figure = page?.querySelector("[data-chart][data-base]");
const SETTLED_MS = 250;

const show = (url, { push = true } = {}) => {
  if (push && url.href !== location.href) history.pushState(null, "", url);
  const search = url.search;
  figure.dataset.src = `${figure.dataset.base}${search}`;
  figure.dataset.smooth = url.searchParams.get("smooth") ?? "";
  const table = page.querySelector("[data-curve-table] [hx-get]");
  if (table) {
    const path = new URL(table.getAttribute("hx-get"), location.href).pathname;
    table.setAttribute("hx-get", `${path}${search}`);
    page.querySelector("[data-table-link]")?.setAttribute("href", `${path}${search}`);
  }
  figure.dispatchEvent(new CustomEvent("espalier:refetch"));
};

const changed = (changes) => {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  return url;
};

/** Set every control to what the address says: after the back button they would lag behind. */
const follow = () => {
  const asked = new URL(location.href).searchParams;
  for (const link of page.querySelectorAll("[data-set]")) {
    const first = link.parentElement.querySelector("[data-set]").dataset.value;
    if ((asked.get(link.dataset.set) ?? first) === link.dataset.value) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  for (const list of page.querySelectorAll("select[data-param]")) {
    const labels = asked.get("labels") ?? "{}";
    const option = [...list.options].find((one) => one.value === (asked.get(list.dataset.param) ?? "") && (one.dataset.more ?? labels) === labels);
    if (option) list.selectedIndex = option.index;
  }
  const hidden = (asked.get("hide") ?? "").split(",");
  for (const box of page.querySelectorAll("[data-layer]")) box.checked = !hidden.includes(box.dataset.layer);
};

const zoomed = (event) => {
  const ranges = ["xaxis", "yaxis"].map((axis) => [event[`${axis}.range[0]`], event[`${axis}.range[1]`]]);
  if (ranges.flat().every((value) => value === undefined)) return null;
  const plot = figure.querySelector(".panel");
  return ["xaxis", "yaxis"].flatMap((axis, i) => {
    const { range, type } = plot.layout[axis];
    return (ranges[i][0] === undefined ? range : ranges[i]).map((value) => (type === "log" ? 10 ** value : Number(value)));
  });
};

const start = () => {
  page.addEventListener("click", (event) => {
    const link = event.target.closest("[data-set]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      const first = link.parentElement.querySelector("[data-set]") === link;
      show(changed({ [link.dataset.set]: first ? "" : link.dataset.value, window: "" }));
      follow();
    }
    if (event.target.closest("[data-zoom-out]")) show(changed({ window: "" }));
  });
  page.addEventListener("change", (event) => {
    const { param, layer } = event.target.dataset;
    if (param) show(changed({ [param]: event.target.value, window: ["metric", "split"].includes(param) ? "" : new URL(location.href).searchParams.get("window"),
      ...(param === "metric" ? { labels: event.target.selectedOptions[0].dataset.more === "{}" ? "" : event.target.selectedOptions[0].dataset.more } : {}) }));
    if (layer) show(changed({ hide: [...page.querySelectorAll("[data-layer]:not(:checked)")].map((box) => box.dataset.layer).join(",") }));
  });
  page.querySelector("form[data-view-form]")?.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("popstate", () => {
    follow();
    show(new URL(location.href), { push: false });
  });
  // Plotly hangs its events on the element it draws into, which is made with the first picture.
  let later;
  figure.addEventListener("espalier:drawn", () => {
    const plot = figure.querySelector(".panel");
    if (!plot?.on || plot.dataset.zooms) return;
    plot.dataset.zooms = "yes";
    plot.on("plotly_relayout", (event) => {
      const window4 = zoomed(event);
      if (!window4) return;
      clearTimeout(later);
      later = setTimeout(() => show(changed({ window: window4.map((value) => Number(value.toPrecision(7))).join(",") })), SETTLED_MS);
    });
    plot.on("plotly_doubleclick", () => {
      clearTimeout(later);
      show(changed({ window: "" }));
    });
  });
};

if (figure) start();
