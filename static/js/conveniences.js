// <button data-copy="#id" hidden>, <form data-confirm="Stop 3 trials?">, <time data-ago datetime="…">,
// <details data-menu>, <pre data-tail>, <button data-shortcuts>.
import { toEnd } from "./tail.js";

const UNITS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"]];

const ago = (moment) => {
  const seconds = Math.max(0, (Date.now() - new Date(moment)) / 1000);
  const unit = UNITS.find(([below]) => seconds < below);
  return unit ? `${Math.floor(seconds / unit[1])} ${unit[2]} ago` : null;
};

const refreshTimes = () => {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const text = ago(time.dateTime);
    if (text) time.textContent = text;
  }
};

/** Where the tabs scroll, on a narrow screen, the one that is open stands in their middle. */
const showCurrentTab = () => {
  const tabs = document.querySelector(".tabs");
  const tab = tabs?.querySelector("[aria-current]");
  if (!tab || tabs.scrollWidth <= tabs.clientWidth) return;
  const [around, own] = [tabs.getBoundingClientRect(), tab.getBoundingClientRect()];
  tabs.scrollLeft += own.left + own.width / 2 - around.left - around.width / 2;
};

const prepare = (root) => {
  if (navigator.clipboard) for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
  for (const log of root.querySelectorAll("[data-tail]")) toEnd(log);
  if (root === document || root.matches(".tabs")) showCurrentTab();
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent);
    const label = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = label), 1500);
  }
  if (event.target.closest("[data-shortcuts]")) document.querySelector("[data-shortcuts-sheet]")?.showModal();
  for (const menu of document.querySelectorAll("[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
prepare(document);
setInterval(() => document.hidden || refreshTimes(), 5000);
