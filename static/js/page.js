// What every page has: the keyboard, live parts, the query, the selection, and the small conveniences.
import "./conveniences.js";
import "./draft.js";
import "./keyboard.js";
import "./live.js";
import "./completion.js";
import "./query.js";
import "./selection.js";
import "./views.js";
