// <form data-query="URL"> with <input role="combobox" aria-controls="LIST">: asks URL?q=…&at=CURSOR what may stand at the
// cursor, and lists it. Arrows move, Enter and Tab take, Escape closes; the text is sent only by Enter on a closed list.

import { paint } from "./query-colours.js";

let newest = 0;
let found = null;
let active = -1;

const parts = (field) => ({ field, list: document.getElementById(field.getAttribute("aria-controls")) });

const close = ({ field, list }) => {
  list.hidden = true;
  list.replaceChildren();
  active = -1;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
};

const point = ({ field, list }, place) => {
  const items = [...list.children];
  active = (place + items.length) % items.length;
  items.forEach((item, at) => item.setAttribute("aria-selected", String(at === active)));
  items[active].scrollIntoView({ block: "nearest" });
  field.setAttribute("aria-activedescendant", items[active].id);
};

// The part of the label that was typed, underlined.
const named = (label, typed) => {
  const at = typed ? label.toLowerCase().indexOf(typed.toLowerCase()) : -1;
  if (at < 0) return [label];
  const mark = document.createElement("mark");
  mark.textContent = label.slice(at, at + typed.length);
  return [label.slice(0, at), mark, label.slice(at + typed.length)];
};

const option = (offer, at, typed) => {
  const item = document.createElement("li");
  item.id = `query-offer-${at}`;
  item.role = "option";
  item.setAttribute("aria-selected", "false");
  const label = document.createElement("b");
  label.append(...named(offer.label, typed));
  const about = document.createElement("span");
  about.textContent = offer.about;
  item.append(label, about);
  if (at === 0) {
    const key = document.createElement("kbd");
    key.textContent = "Tab";
    key.ariaHidden = "true";
    item.append(key);
  }
  return item;
};

// While one types, what is waited for stands where the count of trials does.
const wait = (form, what) => {
  const [waiting, count] = [form.querySelector("[data-query-waiting]"), form.querySelector("[data-query-count]")];
  if (!waiting) return;
  waiting.textContent = what ? `waiting for ${what}` : "";
  waiting.hidden = !what;
  count.hidden = Boolean(what);
};

const ask = async (field) => {
  const place = ++newest;
  const url = new URL(field.form.dataset.query, location.href);
  url.searchParams.set("q", field.value);
  url.searchParams.set("at", field.selectionStart);
  const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
  // A later key has asked again, or the person has left: this answer is stale.
  if (!answer?.ok || place !== newest || document.activeElement !== field) return;
  found = await answer.json();
  const both = parts(field);
  const typed = field.value.slice(found.start, found.end).replaceAll('"', "");
  close(both);
  paint(field.form, found.marks);
  wait(field.form, found.offers.length || found.waiting === "a value" ? found.waiting : "");
  if (!found.offers.length || (found.offers.length === 1 && found.offers[0].insert === field.value.slice(found.start, found.end))) return;
  both.list.append(...found.offers.map((offer, at) => option(offer, at, typed)));
  both.list.hidden = false;
  field.setAttribute("aria-expanded", "true");
};

// The one way to change a field that its undo remembers; without it, the change is made all the same.
const put = (field, start, end, text) => {
  field.setSelectionRange(start, end);
  if (document.execCommand("insertText", false, text)) return;
  field.setRangeText(text, start, end, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
};

const take = (field, at) => {
  const text = found.offers[at].insert;
  const after = field.value.slice(found.end);
  const gap = text.endsWith("(") || after.startsWith(" ") || after.startsWith(")") ? "" : " ";
  put(field, found.start, found.end, text + gap);
  const place = found.start + text.length + (text.endsWith("(") ? 0 : 1);
  field.setSelectionRange(place, place);
  close(parts(field));
  later(field);
};

let timer;
const later = (field) => {
  clearTimeout(timer);
  timer = setTimeout(() => ask(field), 90);
};

const comboOf = (event) => event.target.closest?.("form[data-query] [role=combobox]");

document.addEventListener("input", (event) => comboOf(event) && later(event.target));
document.addEventListener("click", (event) => {
  if (comboOf(event)) return later(event.target);
  const item = event.target.closest("form[data-query] [role=option]");
  if (!item) return;
  const field = item.closest("form").querySelector("[role=combobox]");
  field.focus();
  take(field, [...item.parentElement.children].indexOf(item));
});
document.addEventListener("mousedown", (event) => event.target.closest("form[data-query] [role=listbox]") && event.preventDefault());
document.addEventListener("focusout", (event) => {
  if (!comboOf(event)) return;
  close(parts(event.target));
  wait(event.target.form, "");
});
document.addEventListener("submit", (event) => {
  const field = event.target.matches("form[data-query]") && event.target.querySelector("[role=combobox]");
  if (!field) return;
  newest += 1;
  clearTimeout(timer);
  close(parts(field));
  wait(field.form, "");
}, true);

document.addEventListener("keydown", (event) => {
  const field = comboOf(event);
  if (!field) return;
  const both = parts(field);
  if (both.list.hidden) {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      ask(field);
    }
    return;
  }
  const moves = { ArrowDown: active + 1, ArrowUp: active < 0 ? -1 : active - 1 };
  if (event.key in moves) point(both, moves[event.key]);
  else if (event.key === "Tab" && !event.shiftKey) take(field, Math.max(active, 0));
  else if (event.key === "Enter" && active >= 0) take(field, active);
  else if (event.key === "Escape") close(both);
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
