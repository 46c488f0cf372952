// <pre data-tail="2 of 3">: the last lines of a log, shown from their end. Newer ones are written into the same text, so that
// marking and focus stay. A reader at the end is taken along; one who scrolled up keeps every line, and where he is among them.

const AT_END_PX = 8;
const MOST_CHARACTERS = 400_000;

const fromEnd = (log) => log.scrollHeight - log.clientHeight - log.scrollTop;

export const toEnd = (log) => (log.scrollTop = log.scrollHeight);

/** Where the last lines, as they now are, begin in the text that is shown; -1 if lines between them were never sent. */
const overlap = (shown, newer) => {
  for (let from = Math.max(0, shown.length - newer.length); from >= 0 && from < shown.length; from = shown.indexOf("\n", from) + 1 || -1) {
    if ((!from || shown[from - 1] === "\n") && newer.startsWith(shown.slice(from))) return from;
  }
  return -1;
};

/** Take the first characters away, and let what is seen stand still. */
const drop = (log, text, n) => {
  const left = fromEnd(log);
  text.deleteData(0, n);
  log.scrollTop = log.scrollHeight - log.clientHeight - left;
};

const grow = (log, newer) => {
  const text = log.firstChild;
  const follows = fromEnd(log) < AT_END_PX;
  const from = overlap(text.data, newer);
  text.appendData(from < 0 ? `\n⋯\n${newer}` : newer.slice(text.length - from));
  if (follows) {
    text.deleteData(0, text.length - newer.length);
    toEnd(log);
  } else if (text.length > MOST_CHARACTERS) drop(log, text, text.length - MOST_CHARACTERS);
};

/** Write the log in a newer part into the one that is here; say whether it is a log, and the same attempt's. */
export const grew = (here, part) => {
  const [log, newer] = [here, part].map((one) => one.querySelector("[data-tail]"));
  if (!log || log.dataset.tail !== newer?.dataset.tail) return false;
  if (log.textContent !== newer.textContent) grow(log, newer.textContent);
  return true;
};
