// A query that cannot be read keeps the table as it was: only the message under <form class="query"> changes.

const report = (form, message) => {
  form.dataset.state = "error";
  form.querySelector("input").setAttribute("aria-invalid", "true");
  let note = document.getElementById("query-error");
  if (!note) {
    note = document.createElement("p");
    note.id = "query-error";
    note.className = "help query-error";
    note.setAttribute("role", "alert");
    form.after(note);
  }
  note.textContent = `${message} The table still shows the last query that worked.`;
};

document.addEventListener("htmx:beforeSwap", (event) => {
  const form = document.querySelector("form.query");
  if (!form || !event.detail.serverResponse?.includes('id="query-error"')) return;
  const answer = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
  event.detail.shouldSwap = false;
  report(form, answer.getElementById("query-error").textContent);
});
