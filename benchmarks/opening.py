"""Opening a page in Chromium as a person would, and what that has cost."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import nan
from typing import Any

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
VIEWPORT = {"width": 1280, "height": 900}
WITHIN_S = 240.0
"""How long a page may take until its charts are drawn."""
DRAWN = """() => {
  const charts = [...document.querySelectorAll('[data-chart]')];
  return charts.every(f => f.querySelector('.main-svg') || f.querySelector('[data-note]')?.textContent);
}"""
"""Whether every chart of one of our own pages is drawn."""
IN_SIGHT = DRAWN.replace(
    "')];", "')].filter(f => { const at = f.getBoundingClientRect(); return at.top < innerHeight && at.bottom > 0; });"
)
"""Whether every chart is drawn that a person sees without scrolling."""
# Heard from the first line of the page on: long tasks, and when Plotly had been read.
LISTEN = """
window.__tasks = [];
const heard = (list) => list.getEntries().forEach((task) => window.__tasks.push([task.startTime, task.duration]));
new PerformanceObserver(heard).observe({ type: 'longtask', buffered: true });
window.__plotly = 0;
const loaded = (event) => { if (event.target.src?.includes('plotly')) window.__plotly = performance.now(); };
document.addEventListener('load', loaded, true);
"""


@dataclass(frozen=True)
class Opened:
    """What opening one page once has cost; NaN for what was not reached in time."""

    text_s: float
    in_sight_s: float
    """Until every chart was drawn that is seen without scrolling; of a page that is not ours, every one."""
    drawn_s: float
    kilobytes: float
    heap_mb: float
    longest_ms: float
    """The longest task of the main thread, once Plotly itself had been read."""
    longest_of_all_ms: float
    """The same from the start of the navigation."""
    cpu_s: float
    """Processor time of the page's process, half a second after the last chart included."""


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield the browser that is installed; leave without one."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        sys.exit("no Chromium found; install it, such as with `apt-get install chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


def context(browser: Any, base: str, cookie: str = "") -> Any:
    """Return a new profile with nothing cached; `cookie` is a `name=value` for the site at `base`."""
    made = browser.new_context(viewport=VIEWPORT)
    if cookie:
        key, _, value = cookie.partition("=")
        made.add_cookies([{"name": key, "value": value, "url": base}])
    return made


def opened(page: Any, url: str, *, drawn: str = DRAWN, within_s: float = WITHIN_S) -> Opened:
    """Open a URL in a page that has shown nothing yet, and return what it has cost.

    drawn: a JavaScript function that tells whether the page shows all it is going to.
    """
    from playwright.sync_api import TimeoutError as NotWithin

    page.set_default_timeout(1000 * within_s)
    page.add_init_script(LISTEN)
    session = page.context.new_cdp_session(page)
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    for domain in ("Network", "Performance", "HeapProfiler"):
        session.send(f"{domain}.enable")
    try:
        page.goto(url, wait_until="commit")
        begun = _metrics(session)["ProcessTime"]
        page.wait_for_load_state("domcontentloaded")
        in_sight_s = _reached(page, IN_SIGHT if drawn == DRAWN else drawn)
        drawn_s = _reached(page, drawn)
    except NotWithin:
        # The page may be frozen: it can no longer be asked.
        return Opened(nan, nan, nan, sum(sizes) / 1000, nan, nan, nan, nan)
    page.wait_for_timeout(500)
    text = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN") / 1000
    plotly_at, tasks = page.evaluate("[window.__plotly, window.__tasks]")
    spent = _metrics(session)["ProcessTime"] - begun
    session.send("HeapProfiler.collectGarbage")
    return Opened(
        text_s=text,
        in_sight_s=in_sight_s,
        drawn_s=drawn_s,
        kilobytes=sum(sizes) / 1000,
        heap_mb=_metrics(session)["JSHeapUsedSize"] / 1e6,
        longest_ms=max((duration for start, duration in tasks if start >= plotly_at), default=0.0),
        longest_of_all_ms=max((duration for _, duration in tasks), default=0.0),
        cpu_s=spent,
    )


def _reached(page: Any, claim: str) -> float:
    """Wait until a claim about the page holds; return the seconds since its navigation began."""
    reached = page.wait_for_function(f"() => ({claim})() && performance.now()", polling=20)
    return float(reached.json_value()) / 1000


def _metrics(session: Any) -> dict[str, float]:
    return {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
