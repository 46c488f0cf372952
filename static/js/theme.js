// Apply the stored theme before the first paint. Loaded as a plain script: a module would run too late.
// The switch is <button data-theme-switch><span data-theme-name></span></button>.
(() => {
  const KEY = "espalier-theme";
  const NAMES = { "": "as the system", light: "light", dark: "dark" };
  const ORDER = ["", "light", "dark"];

  const stored = () => {
    try {
      return localStorage.getItem(KEY) || "";
    } catch {
      return "";
    }
  };

  const apply = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    for (const name of document.querySelectorAll("[data-theme-name]")) name.textContent = NAMES[theme];
    document.dispatchEvent(new CustomEvent("espalier:theme"));
  };

  const next = () => {
    const theme = ORDER[(ORDER.indexOf(stored()) + 1) % ORDER.length];
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Private windows may refuse storage; the theme then holds for this page only.
    }
    apply(theme);
  };

  apply(stored() in NAMES ? stored() : "");
  document.addEventListener("DOMContentLoaded", () => apply(stored() in NAMES ? stored() : ""));
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-theme-switch]")) next();
  });
})();
