// <form class="query" data-marks='[[0,5,"field"],…]'>: the text of its field in colours, drawn behind the field, whose own
// letters are transparent then. Caret, selection, undo and what a screen reader hears stay the field's. The marks are the
// server's, which alone knows the grammar; until it has read a change, they move along with the text around it.

const known = new WeakMap();

const parts = (form) => ({ field: form.querySelector(".query-field > input"), layer: form.querySelector(".query-text > span") });

// Scrolled, not moved by a style: the page's snapshot for going back must hold no inline style.
const follow = ({ field, layer }) => {
  layer.parentElement.scrollLeft = field.scrollLeft;
};

const draw = (form) => {
  const { field, layer } = parts(form);
  const { text, marks } = known.get(form);
  const pieces = [];
  let at = 0;
  for (const [start, end, kind] of marks) {
    const piece = document.createElement("span");
    piece.dataset.kind = kind;
    piece.textContent = text.slice(start, end).padEnd(kind === "wrong" ? 1 : 0);
    pieces.push(text.slice(at, start), piece);
    at = end;
  }
  layer.replaceChildren(...pieces, text.slice(at));
  form.dataset.coloured = "";
  follow({ field, layer });
};

// Marks of the text as it stands: [start, end, kind], ascending.
export const paint = (form, marks) => {
  const { field, layer } = parts(form);
  if (!field || !layer) return;
  known.set(form, { text: field.value, marks });
  draw(form);
};

const moved = (before, after, marks) => {
  let same = 0;
  while (same < before.length && same < after.length && before[same] === after[same]) same += 1;
  const grown = after.length - before.length;
  let tail = 0;
  const most = Math.min(before.length, after.length) - same;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  const rest = before.length - tail;
  return marks
    .filter(([, , kind]) => kind !== "wrong")
    .map(([start, end, kind]) => {
      if (start >= rest && start > same) return [start + grown, end + grown, kind];
      if (end < same) return [start, end, kind];
      const typed = after.slice(end, end + grown);
      return [start, end === same && /^[\s()<>=!~,]/.test(typed) ? end : Math.max(start, end + grown), kind];
    })
    .filter(([start, end]) => end > start && end <= after.length);
};

const formOf = (target) => (target.matches?.(".query-field > input") ? target.form : null);

document.addEventListener("input", (event) => {
  const form = formOf(event.target);
  const was = form && known.get(form);
  if (!was) return;
  paint(form, moved(was.text, event.target.value, was.marks));
});

// A field tells of its scrolling in some browsers only; a caret that moves tells in all.
for (const moves of ["scroll", "keyup", "pointerup", "select", "focusout"]) {
  document.addEventListener(moves, (event) => {
    const form = event.target instanceof Element && formOf(event.target);
    if (form && known.has(form)) follow(parts(form));
  }, true);
}

const begin = () => {
  for (const form of document.querySelectorAll("form.query[data-marks]")) {
    if (!known.has(form)) paint(form, JSON.parse(form.dataset.marks));
  }
};

document.addEventListener("htmx:afterSettle", begin);
window.addEventListener("pageshow", begin);
begin();
