// What every page has: the keyboard, live parts, the selection, and the small conveniences.
import "./conveniences.js";
import "./keyboard.js";
import "./live.js";
import "./selection.js";
