// <form class="view-form"> with <input name="address">: what is saved is what the address says now, for a page's own
// scripts may have changed it since the page was sent.

document.addEventListener("submit", (event) => {
  if (!event.target.matches(".view-form")) return;
  const query = new URL(location.href).searchParams.toString();
  event.target.querySelector("[name=address]").value = query;
  const next = event.target.querySelector("[name=next]");
  if (next) next.value = location.pathname + location.search;
}, true);
