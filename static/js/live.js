// <body data-live="URL" data-live-version="812" data-live-every="2"> asks URL?version=812 for newer parts:
// 204 nothing new, 200 parts to swap by id and X-Version, 286 the last ones. A part under the pointer, or with the focus,
// that is marked data-hold waits; a log grows in place (tail.js). With data-live-reload the page is read anew at the end. Hidden pages ask every 30 s; after an error the wait doubles up to a minute.

import { grew, toEnd } from "./tail.js";

const body = document.body;
const state = () => document.querySelector("[data-live-state]");
let failures = 0;
let heard = new Date();

const tell = (name, word, since) => {
  const live = state();
  if (!live) return;
  live.dataset.state = name;
  live.querySelector("b").textContent = word;
  const detail = live.querySelector("[data-live-since]");
  if (detail) detail.textContent = since ? ` · ${since}` : "";
};

const held = (part) => part.contains(document.activeElement) || part.matches("[data-hold]:hover") || part.querySelector("details[open]");

const swap = (html) => {
  const answer = new DOMParser().parseFromString(html, "text/html");
  for (const part of answer.body.querySelectorAll("[hx-swap-oob][id]")) {
    const here = document.getElementById(part.id);
    part.removeAttribute("hx-swap-oob");
    if (!here || grew(here, part) || held(here) || here.isEqualNode(part)) continue;
    // What is ticked stays ticked.
    for (const box of here.querySelectorAll("input[type=checkbox][name]:checked")) {
      part.querySelector(`input[name="${box.name}"][value="${CSS.escape(box.value)}"]`)?.setAttribute("checked", "");
    }
    part.classList.toggle("row-focus", here.classList.contains("row-focus"));
    if (!part.classList.length) part.removeAttribute("class");
    here.replaceWith(document.adoptNode(part));
    for (const log of part.querySelectorAll("[data-tail]")) toEnd(log);
    window.htmx?.process(document.getElementById(part.id));
  }
};

// Whoever reads in peace may hold the page as it is: it then asks only how much has changed, and shows that.
const PAUSED = "espalier-paused";
const PAUSED_EVERY_S = 5;
const button = () => document.querySelector("[data-live-pause]");
let paused = false;
try {
  paused = sessionStorage.getItem(PAUSED) === "yes";
} catch {
  // Private windows may refuse storage; the pause then holds for this page only.
}

/** How many changes lie between two versions: both begin with a count. */
const between = (older, newer) => Math.max(0, Number.parseInt(newer, 10) - Number.parseInt(older, 10)) || (older === newer ? 0 : 1);

const count = async () => {
  const url = new URL(body.dataset.live, location.href);
  url.searchParams.set("version", body.dataset.liveVersion);
  url.searchParams.set("paused", "yes");
  const answer = await fetch(url, { headers: { "HX-Request": "true" }, cache: "no-store" });
  if (!answer.ok) throw new Error(`${answer.status}`);
  heard = new Date();
  const waiting = between(body.dataset.liveVersion, answer.headers.get("X-Version") ?? body.dataset.liveVersion);
  tell("paused", "Updates paused", waiting ? `${waiting} waiting` : "");
};

const showPause = () => {
  const switched = button();
  if (!switched) return;
  switched.hidden = state()?.dataset.state === "off";
  switched.textContent = paused ? "Go on" : "Pause";
  switched.setAttribute("aria-pressed", String(paused));
  switched.setAttribute("aria-label", paused ? "Go on with updates" : "Pause updates");
};

const wait = () => {
  if (paused && !document.hidden) return failures ? 60 : PAUSED_EVERY_S;
  const every = Number(body.dataset.liveEvery) || 2;
  if (failures) return Math.min(every * 2 ** failures, 60);
  return document.hidden ? 30 : every;
};

const lost = () => {
  const at = heard.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  tell("lost", `Lost touch at ${at}`, `next try in ${Math.round(wait())} s`);
};

const ask = async () => {
  const url = new URL(body.dataset.live, location.href);
  url.searchParams.set("version", body.dataset.liveVersion);
  const answer = await fetch(url, { headers: { "HX-Request": "true" }, cache: "no-store" });
  if (!answer.ok && answer.status !== 286) throw new Error(`${answer.status}`);
  heard = new Date();
  if (answer.status !== 204) {
    // Charts fetch while the parts are still being read.
    document.dispatchEvent(new CustomEvent("espalier:live"));
    swap(await answer.text());
    body.dataset.liveVersion = answer.headers.get("X-Version") ?? body.dataset.liveVersion;
  }
  return answer.status === 286;
};

const tick = async () => {
  let ended = false;
  try {
    if (paused) await count();
    else ended = await ask();
    failures = 0;
    if (ended) tell("off", "Ended", "");
    else if (!paused) tell("on", "Live", "updated just now");
  } catch {
    failures += 1;
    lost();
  }
  if (ended && "liveReload" in body.dataset) location.reload();
  showPause();
  if (!ended) timer = setTimeout(tick, wait() * 1000);
};

let timer;
if (body.dataset.live) {
  showPause();
  if (paused) tell("paused", "Updates paused", "");
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-live-pause]")) return;
    paused = !paused;
    try {
      sessionStorage.setItem(PAUSED, paused ? "yes" : "");
    } catch {
      // As above.
    }
    showPause();
    tell(paused ? "paused" : "on", paused ? "Updates paused" : "Live", "");
    clearTimeout(timer);
    tick();
  });
  timer = setTimeout(tick, wait() * 1000);
  setInterval(() => {
    const seconds = Math.round((Date.now() - heard) / 1000);
    if (!failures && state()?.dataset.state === "on") tell("on", "Live", seconds < 1 ? "updated just now" : `updated ${seconds} s ago`);
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || !timer || state()?.dataset.state === "off") return;
    clearTimeout(timer);
    tick();
  });
}
