// The selected trials live in the address, ?sel=24,134. Ticking <input data-select value="24"> inside [data-selection]
// changes it and fetches the part again, so that letters and tray are the server's.

const selected = (url) => (url.searchParams.get("sel") ?? "").split(",").filter(Boolean);

const address = (numbers) => {
  const url = new URL(location.href);
  if (numbers.length) url.searchParams.set("sel", numbers.join(","));
  else url.searchParams.delete("sel");
  return url.href.replaceAll("%2C", ",");
};

document.addEventListener("change", (event) => {
  const box = event.target.closest("[data-select]");
  const root = box?.closest("[data-selection]");
  if (!root) return;
  const others = selected(new URL(location.href)).filter((number) => number !== box.value);
  const url = address(box.checked ? [...others, box.value] : others);
  history.replaceState(history.state, "", url);
  const again = { target: `#${root.id}`, select: `#${root.id}`, swap: "outerHTML show:none" };
  window.htmx.ajax("GET", url, again).then(() => {
    document.querySelector(`[data-select][value="${CSS.escape(box.value)}"]`)?.focus({ preventScroll: true });
  });
});
