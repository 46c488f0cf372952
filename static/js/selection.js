// The selected trials live in the address: ?sel=24,134, ?sel=~7 once there are more than an address holds, or
// ?sel=q:QUERY for all that a query finds. Ticking
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
  if (!answer.ok) throw new Error(answer.status === 400 ? await answer.text() : "Lost touch; nothing was selected.");
  return answer.json();
};

const changed = async (root, number, chosen) => {
  const others = current().split(",").filter((other) => other && other !== number);
  const numbers = chosen ? [...others, number] : others;
  const isLong = /^(~|q:)/.test(current()) || numbers.length > MOST;
  return isLong ? (await stored(root, chosen ? { add: number } : { remove: number })).sel : numbers.join(",");
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

// Show a selection on this page: the elements marked data-follows-selection (tray, tabs) are the server's again, and
// figures fetch their data for it.
const follow = async (sel, from) => {
  const url = address(sel);
  carry(sel);
  history.replaceState(history.state, "", url);
  for (const figure of document.querySelectorAll("[data-chart][data-src]")) {
    const src = new URL(figure.dataset.src, location.href);
    if (sel) src.searchParams.set("sel", sel);
    else src.searchParams.delete("sel");
    figure.dataset.src = src.href.replaceAll("%2C", ",").replaceAll("%7E", "~");
  }
  document.dispatchEvent(new CustomEvent("espalier:chosen", { detail: { from } }));
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

/** Say what was selected, with a way back to what was selected before. */
const say = (text, before) => {
  const said = document.querySelector("[data-select-said]");
  if (!said) return;
  said.textContent = text;
  if (before === undefined) return;
  const undo = Object.assign(document.createElement("button"), { type: "button", className: "button button-plain button-small", textContent: "Undo" });
  undo.addEventListener("click", () => {
    last = last.then(() => follow(before)).then(() => say("")).catch(() => {});
  });
  said.append(" ", undo);
};

const counted = (n) => `${n.toLocaleString("en")} trial${n === 1 ? "" : "s"}`;

// "espalier:choose" selects what a figure brushed: {add: [24, 81]} more trials, or {query: "lr < 1e-3"} those it finds.
const choose = async (root, from, { add, query }) => {
  const before = current();
  const found = await stored(root, query ? { query } : { add: add.join(",") });
  if (query && !found.n) return say(`No trial is there: ${query}. The selection is as it was.`);
  await follow(found.sel, from);
  if (query) say(`${counted(found.n)} selected: ${query}.`, before);
};

const chooseNext = (root, from, detail) => {
  last = last.then(() => choose(root, from, detail)).catch((error) => say(error.message));
};

document.addEventListener("espalier:choose", ({ target, detail }) => {
  const root = target.closest?.("[data-selection-url]");
  if (root) chooseNext(root, target, detail);
});

document.addEventListener("submit", (event) => {
  const root = event.target.matches("[data-select-form]") && event.target.closest("[data-selection-url]");
  const query = root && event.target.elements.query.value.trim();
  if (!root) return;
  event.preventDefault();
  if (query) chooseNext(root, null, { query });
});

const clear = () => {
  last = last.then(() => follow("")).then(() => say("")).catch(() => {});
};

document.addEventListener("espalier:clear", clear);

// The page may have changed its address since the tray was drawn; clearing takes nothing but the selection away.
document.addEventListener("click", (event) => {
  const root = event.target.closest("[data-tray-clear]")?.closest("[data-selection-url]:not([data-selection])");
  if (!root || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  clear();
});
