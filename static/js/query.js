// A query that cannot be read keeps the table as it was: only the message under <form class="query"> changes, and the place
// in its text that the message speaks of is underlined.
import { paint } from "./query-colours.js";

const report = (form, message) => {
  form.dataset.state = "error";
  form.querySelector("[name=q]").setAttribute("aria-invalid", "true");
  const note = document.getElementById("query-error");
  note.hidden = false;
  note.textContent = `${message} The table still shows the last query that worked.`;
};

document.addEventListener("htmx:beforeSwap", (event) => {
  const form = document.querySelector("form.query");
  const text = event.detail.serverResponse;
  if (!form || !text?.includes('id="query-error"')) return;
  const answer = new DOMParser().parseFromString(text, "text/html");
  const message = answer.getElementById("query-error")?.textContent;
  if (!message) return;
  event.detail.shouldSwap = false;
  report(form, message);
  paint(form, JSON.parse(answer.querySelector("form.query").dataset.marks));
});
