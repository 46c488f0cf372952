// The selected trials live in the address, ?sel=24,134, or ?sel=~7 once there are more than an address holds. Ticking
// <input data-select value="24"> inside [data-selection data-selection-url] changes it and fetches the part again, so
// that letters and tray are the server's; long selections are stored by a POST to that url, which answers with their id.

const MOST = 50;

const current = () => new URL(location.href).searchParams.get("sel") ?? "";

const address = (sel) => {
  const url = new URL(location.href);
  if (sel) url.searchParams.set("sel", sel);
  else url.searchParams.delete("sel");
  return url.href.replaceAll("%2C", ",").replaceAll("%7E", "~");
};

const stored = async (root, change) => {
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  const body = new URLSearchParams({ sel: current(), ...change });
  const answer = await fetch(root.dataset.selectionUrl, { method: "POST", body, headers: { "X-CSRFToken": token } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return (await answer.json()).sel;
};

const changed = async (root, number, chosen) => {
  const others = current().split(",").filter((other) => other && other !== number);
  const numbers = chosen ? [...others, number] : others;
  const isLong = current().startsWith("~") || numbers.length > MOST;
  return isLong ? stored(root, chosen ? { add: number } : { remove: number }) : numbers.join(",");
};

// The tabs lead to the study's other pages with the same selection.
const carry = (sel) => {
  for (const link of document.querySelectorAll(".tabs a[href]")) {
    const url = new URL(link.href);
    if (sel) url.searchParams.set("sel", sel);
    else url.searchParams.delete("sel");
    link.href = url.href.replaceAll("%2C", ",").replaceAll("%7E", "~");
  }
};

// One change after the other: two quick ticks must not both start from the same selection.
let last = Promise.resolve();

const tick = async (root, box) => {
  const sel = await changed(root, box.value, box.checked);
  const url = address(sel);
  carry(sel);
  history.replaceState(history.state, "", url);
  const again = { target: `#${root.id}`, select: `#${root.id}`, swap: "outerHTML show:none" };
  await window.htmx.ajax("GET", url, again);
  document.querySelector(`[data-select][value="${CSS.escape(box.value)}"]`)?.focus({ preventScroll: true });
};

document.addEventListener("change", (event) => {
  const box = event.target.closest("[data-select]");
  const root = box?.closest("[data-selection]");
  if (!root) return;
  const here = () => document.getElementById(root.id) ?? root;
  last = last.then(() => tick(here(), box)).catch(() => (box.checked = !box.checked));
});

// "espalier:choose" {add: [24, 81]} selects what a figure brushed. The address changes, the elements marked
// data-follows-selection (tray, tabs) are the server's again, and figures fetch their data for the new selection.
const choose = async (root, numbers) => {
  const sel = await stored(root, { add: numbers.join(",") });
  const url = address(sel);
  history.replaceState(history.state, "", url);
  for (const figure of document.querySelectorAll("[data-chart][data-src]")) {
    const src = new URL(figure.dataset.src, location.href);
    src.searchParams.set("sel", sel);
    figure.dataset.src = src.href.replaceAll("%2C", ",").replaceAll("%7E", "~");
  }
  document.dispatchEvent(new CustomEvent("espalier:live"));
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-follows-selection][id]")) {
    const newer = page.getElementById(part.id);
    if (!newer) continue;
    part.replaceWith(document.adoptNode(newer));
    window.htmx?.process(document.getElementById(newer.id));
  }
};

document.addEventListener("espalier:choose", ({ target, detail }) => {
  const root = target.closest?.("[data-selection-url]");
  if (root) last = last.then(() => choose(root, detail.add)).catch(() => {});
});
