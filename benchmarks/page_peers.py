"""The same study in other dashboards: what their pages cost, and ours, in the same browser in the same run.

    python -m venv DASHBOARDS && DASHBOARDS/bin/pip install -r benchmarks/requirements-dashboards.txt
    python benchmarks/page_peers.py --python DASHBOARDS/bin/python --trials 10000 --reports 50 [--data DIR]

The study of `benchmarks/pages.py` - trials, parameters, every report, states and times - is copied into a database of
optuna-dashboard and of MLflow, each is started as its documentation says, on SQLite as ours is, and its pages for
three jobs are opened as ours are: in a browser with nothing cached (cold) and once more in the same one (warm). A page
is done when it shows what it shows by itself; what that is stands beside the figures, for it is not the same.
Times are from the start of the navigation, bytes are those on the wire, the longest task of the main thread counts
from the start too (they bundle Plotly, ours is read apart), and the heap is what is in use after a collection.
Processor times are of the page's process and of the server's, which other work on the machine cannot add to.
The last table is the processor time of each server at rest: a minute before any page was opened, and a minute with the
overview open and nobody touching it (or with the first page that was done in time; one that was not is not opened
again).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import opening  # noqa: E402  # the repository is not installed
import serving  # noqa: E402
import workbench  # noqa: E402
from dashboards.peers import COMPARED, PEERS, Page  # noqa: E402

REST_S = 60.0
OURS = "Espalier"
COPY = "study.jsonl"
COLUMNS = (
    "page, cold / warm",
    "dashboard",
    "text, s",
    "done, s",
    "CPU of the page, s",
    "CPU of the server, s",
    "kB",
    "heap, MB",
    "longest task, ms",
    "shows",
)


@dataclass(frozen=True)
class Site:
    """A dashboard that is being served."""

    name: str
    base: str
    pid: int
    pages: dict[str, Page]
    cookie: str = ""


@dataclass(frozen=True)
class Rest:
    """What a minute costs a server: with nobody there, and with one page open that asks for news."""

    page: str

    alone_ms: float
    watched_ms: float
    requests: int


def main() -> None:
    """Fill, copy, serve, measure, and print Markdown."""
    options = _options()
    data = Path(options.data or tempfile.mkdtemp(prefix="pages-"))
    folder = Path(tempfile.mkdtemp(prefix="dashboards-"))
    os.environ.update(ESPALIER_DATA_DIR=str(data), DJANGO_ALLOW_ASYNC_UNSAFE="true")
    workbench.set_up(migrate=True)
    study = serving.filled_study(options.trials, options.reports)
    n_curves = _copy(study, folder)
    rests = {}
    print(f"{study.n_trials:,} trials; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.\n")
    print(f"| {' | '.join(COLUMNS)} |\n|{' - |' * len(COLUMNS)}")
    try:
        if OURS in options.only:
            with serving.served(data, options.port) as (base, pid):
                site = Site(OURS, base, pid, _our_pages(study), serving.signed_in())
                rests[site.name] = _measured(site, options.within)
        for place, kind in enumerate(PEERS, start=1):
            if kind.name not in options.only:
                continue
            peer = kind(options.python, folder, options.port + place)
            peer.fill(folder / COPY)
            with peer.served() as pid:
                site = Site(f"{peer.name} {peer.version}", peer.base, pid, peer.pages(n_curves))
                rests[site.name] = _measured(site, options.within)
    finally:
        _print_rests(rests)
        print(f"\nLoad average at the end {os.getloadavg()[0]:.1f}.")
        shutil.rmtree(folder, ignore_errors=True)
        if not options.data:
            shutil.rmtree(data, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1_000)
    parser.add_argument("--reports", type=int, default=50)
    parser.add_argument("--data", help="a data directory to fill once and keep")
    parser.add_argument("--python", type=Path, required=True, help="Python of the environment with the dashboards")
    names = [OURS, *(kind.name for kind in PEERS)]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="leave out the other dashboards")
    parser.add_argument("--within", type=float, default=opening.WITHIN_S, help="seconds that a page may take")
    parser.add_argument("--port", type=int, default=8775, help="the first of three ports")
    return parser.parse_args()


def _copy(study: Any, folder: Path) -> int:
    """Write the study where the other environments can read it; return how many trials have reported."""
    from dashboards import copying

    return copying.write(study, folder / COPY)


def _our_pages(study: Any) -> dict[str, Page]:
    root, numbers = f"/studies/{study.pk}", ",".join(map(str, range(COMPARED)))
    return {
        "overview": Page(f"{root}/", "narrative, best so far, all curves as density and lines, pruned right?"),
        "trials": Page(f"{root}/trials/", "a page of trials with parameters, metrics, endings and reasons"),
        f"compare of {COMPARED}": Page(f"{root}/compare/?sel={numbers}", "endings, parameters, curves, verdicts"),
    }


def _measured(site: Site, within_s: float) -> Rest:
    """Print a line for every page, cold and warm; return what the site costs at rest."""
    alone, watched = _spent_at_rest(site.pid), ""
    for name, page in site.pages.items():
        # A browser of its own for each: a page that froze takes its browser with it.
        with opening.chromium() as browser:
            context = opening.context(browser, site.base, site.cookie)
            cold, cold_s = _opened(context, site, page, within_s)
            reached = not isnan(cold.drawn_s)
            warm, warm_s = _opened(context, site, page, within_s) if reached else (cold, cold_s)
        watched = watched or (name if reached else "")
        figures = (
            _pair(cold.text_s, warm.text_s, ".2f"),
            _pair(cold.drawn_s, warm.drawn_s, ".2f"),
            _pair(cold.cpu_s, warm.cpu_s, ".2f"),
            _pair(cold_s, warm_s, ".2f"),
            _pair(cold.kilobytes, warm.kilobytes, ",.0f"),
            _pair(cold.heap_mb, warm.heap_mb, ".0f"),
            _pair(cold.longest_of_all_ms, warm.longest_of_all_ms, ",.0f"),
        )
        print(f"| {name} | {site.name} | {' | '.join(figures)} | {page.shows} |", flush=True)
    with opening.chromium() as browser:
        page = opening.context(browser, site.base, site.cookie).new_page()
        shown = site.pages[watched or "overview"]
        opening.opened(page, site.base + shown.path, drawn=shown.drawn, within_s=within_s)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        before = serving.tree_cpu_seconds(site.pid)
        page.wait_for_timeout(1000 * REST_S)
        spent = serving.tree_cpu_seconds(site.pid) - before
    return Rest(watched, 1000 * alone, 1000 * spent, len(asked))


def _opened(context: Any, site: Site, page: Page, within_s: float) -> tuple[opening.Opened, float]:
    """Open a page once; return what that cost, and the processor seconds of the server meanwhile."""
    before, tab = serving.tree_cpu_seconds(site.pid), context.new_page()
    found = opening.opened(tab, site.base + page.path, drawn=page.drawn, within_s=within_s)
    if not isnan(found.drawn_s):
        tab.close()
    return found, serving.tree_cpu_seconds(site.pid) - before


def _spent_at_rest(pid: int) -> float:
    before = serving.tree_cpu_seconds(pid)
    time.sleep(REST_S)
    return serving.tree_cpu_seconds(pid) - before


def _pair(cold: float, warm: float, form: str) -> str:
    return " / ".join("not in time" if isnan(one) else format(one, form) for one in (cold, warm))


def _print_rests(rests: dict[str, Rest]) -> None:
    """Print what a minute costs each server, with nobody there and with a page open."""
    print("\n| server | page open | CPU ms, nobody there | CPU ms, page open | requests |\n| - | - | -: | -: | -: |")
    for name, rest in rests.items():
        print(f"| {name} | {rest.page} | {rest.alone_ms:,.0f} | {rest.watched_ms:,.0f} | {rest.requests} |")


if __name__ == "__main__":
    main()
