"""What the pages of a large study cost in Chromium and on the server.

    python benchmarks/pages.py --trials 10000 --reports 50
    python benchmarks/pages.py --trials 100000 --reports 20 --data DIR     # fills DIR once, and measures it again later
    python benchmarks/pages.py --events 1000000                            # a ledger of so many rows, its audit only
    python benchmarks/pages.py --trials 100000 --searched                  # ten parameters: halted, mattered, cost
    python benchmarks/pages.py --url "another dashboard=http://127.0.0.1:8080/dashboard/studies/1"

One run: the study is filled by the real engine (`benchmarks/filling.py`), served by gunicorn as `manage.py up` serves
it, with hashed and compressed files. Each page is opened in a browser that has nothing cached (cold) and once more in
the same one (warm); the browser has shown the page of the log-in before, in another profile. Times are from the start
of the navigation: until the text is painted, until every chart is drawn that is seen without scrolling, until all are.
Bytes are those on the wire. The longest task is of the main thread, once Plotly itself has been read. The heap is what
is in use after a collection. Server times are of requests one after the other, the median of nine after the first, and
the mean of their processor time, which other work on the machine cannot add to; an idle poll's is the mean of 200.
`--url` measures any other page in the same run by the same means (`benchmarks/page_peers.py` fills other dashboards
with the same study). `--searched` fills a study of ten parameters and two metrics, has importance computed as a job
would, and measures the pages of what was halted, what mattered and what it cost, with the documents that their figures
fetch.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import opening  # noqa: E402  # the repository is not installed
import serving  # noqa: E402
import workbench  # noqa: E402

if TYPE_CHECKING:
    from pruning.ledger import Entry
    from pruning.rules.base import Verdict
    from trials.models import Trial

COMPARED = 12
RARE_STEP = 7
POLLS = 200
REQUESTS = 9


def main() -> None:
    """Fill, serve, measure, and print Markdown."""
    options = _options()
    data = Path(options.data or tempfile.mkdtemp(prefix="pages-"))
    os.environ.update(ESPALIER_DATA_DIR=str(data), DJANGO_ALLOW_ASYNC_UNSAFE="true")
    workbench.set_up(migrate=True)
    study = _made(options)
    cookie = serving.signed_in()
    with serving.served(data, options.port) as (base, pid):
        print(f"{_described(study)}; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.\n")
        paths = _asked(options, study)
        _print_server(base, cookie, pid, {**paths, **(_documents(study) if options.searched else {})})
        if not options.events:
            _print_poll(base, cookie, pid, f"/studies/{study.pk}/")
        pages = {name: base + path for name, path in paths.items()}
        pages |= dict(one.split("=", 1) for one in options.url)
        _print_browser(pages, base, cookie)
    if not options.data:
        shutil.rmtree(data, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--reports", type=int, default=50)
    parser.add_argument("--events", type=int, default=0, help="measure the audit of a ledger of so many rows instead")
    parser.add_argument(
        "--searched", action="store_true", help="ten parameters; pages of halted, importance, resources"
    )
    parser.add_argument("--data", help="a data directory to fill once and keep")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--url", action="append", default=[], metavar="NAME=URL", help="measure this page too")
    return parser.parse_args()


def _made(options: argparse.Namespace) -> Any:
    if options.events:
        return _ledger(options.events)
    return _searched(options.trials) if options.searched else serving.filled_study(options.trials, options.reports)


def _asked(options: argparse.Namespace, study: Any) -> dict[str, str]:
    if options.events:
        return _audit_paths(study)
    return _second_paths(study) if options.searched else {**_paths(study), **_audit_paths(study)}


def _searched(trials: int) -> Any:
    """Return a study of ten parameters whose importance has been computed, as a job does."""
    from searched import filled

    from trials import explaining
    from trials.models import Study

    name = f"{trials} trials of ten parameters"
    study = Study.objects.filter(name=name).first() or filled(name, trials)
    if explaining.known(study).done is None:
        explaining.compute_here(study, lambda text, done, total: None)
        study.refresh_from_db()
    return study


def _ledger(events: int) -> Any:
    """Return a study with nothing but a ledger, its chain checked as the minute's task does.

    A row a second about 10,000 trials in turn: every 50th what one of two people did, every 100,000th at a rare step.
    """
    from django.db import transaction

    from pruning import checking, ledger, rollups
    from trials.models import Study, Trial

    name = f"ledger of {events} rows"
    found = Study.objects.filter(name=name).first()
    if found is not None:
        return found
    study = workbench.launched(name, "balanced", reports=20, trials=1)
    verdicts = itertools.cycle(workbench.verdicts())
    trials = [Trial(study=study, number=number) for number in range(10_000)]
    while study.sequence < events:
        with transaction.atomic():
            entries = [_row(next(verdicts), trials, study.sequence + 1 + k) for k in range(2000)]
            ledger.append_many(study, entries, at=workbench.AT + timedelta(seconds=study.sequence))
            study.sequence += len(entries)
            Study.objects.filter(pk=study.pk).update(sequence=study.sequence)
            rollups.count_up(study.uid, study.sequence)
    while checking.check_ledgers():
        pass
    return study


def _row(verdict: Verdict, trials: Sequence[Trial], sequence: int) -> Entry:
    """Return what the row of this number says of the trial whose turn it is."""
    entry = replace(workbench.entry(verdict, sequence), trial=trials[sequence % len(trials)])
    if sequence % 50 == 0:
        person = ("robin", "kim")[sequence // 50 % 2]
        return replace(
            entry, kind="intervened", verdict="", rule="", policy="", motive="", step=None, reason="pin",
            sentence=f"{person} asked to pin it.", evidence={"person": person, "note": ""},
        )  # fmt: skip
    return replace(entry, step=RARE_STEP) if sequence % 100_000 == 1 else entry


def _described(study: Any) -> str:
    from pruning import rollups

    return f"Study of {study.n_trials:,} trials, {rollups.total(study):,} ledger rows"


def _paths(study: Any) -> dict[str, str]:
    numbers = ",".join(map(str, range(COMPARED)))
    root = f"/studies/{study.pk}"
    return {
        "overview": f"{root}/",
        "curves": f"{root}/curves/",
        "curves, by seconds": f"{root}/curves/?x=seconds",
        "trials": f"{root}/trials/",
        f"compare of {COMPARED}": f"{root}/compare/?sel={numbers}",
    }


def _second_paths(study: Any) -> dict[str, str]:
    """Return the pages of the second day's questions."""
    root = f"/studies/{study.pk}"
    return {
        "halted": f"{root}/halted/",
        "halted, two others": f"{root}/halted/?across=dropout&down=optimizer",
        "importance": f"{root}/importance/",
        "importance, by permutation": f"{root}/importance/?by=permutation&reading=last_look",
        "resources": f"{root}/resources/",
        "plan": f"{root}/plan/",
        "alerts": "/alerts/",
    }


def _documents(study: Any) -> dict[str, str]:
    """Return what their figures fetch, and the study as one file."""
    root = f"/studies/{study.pk}"
    return {
        "halted.json": f"{root}/halted.json",
        "halted-grid.json": f"{root}/halted-grid.json",
        "relations.json (slices, parallel, rank)": f"{root}/relations.json",
        "surface.json (contour)": f"{root}/surface.json?x=learning_rate&y=epsilon",
        "values.json (distribution)": f"{root}/values.json",
        "front.json (two metrics)": f"{root}/front.json",
        "importance.json": f"{root}/importance.json",
        "timeline.json": f"{root}/timeline.json",
        "over-time.json": f"{root}/over-time.json",
        "report.html": f"{root}/report.html",
    }


def _audit_paths(study: Any) -> dict[str, str]:
    from pruning.models import PruningEvent

    rows = PruningEvent.objects.of_study(study)
    root = f"/studies/{study.pk}/audit"
    middle = (rows.order_by("-sequence").values_list("sequence", flat=True).first() or 2) // 2
    return {
        "audit": f"{root}/",
        "audit, stopped": f"{root}/?verdict=STOP",
        "audit, a motive and a rule": f"{root}/?motive=speed&rule=calibrated_halving",
        "audit, one reason": f"{root}/?reason=outpaced",
        "audit, one rule": f"{root}/?rule=calibrated_halving",
        "audit, a person": f"{root}/?person=robin",
        "audit, a trial": f"{root}/?trial=77",
        "audit, a day": f"{root}/?since=2026-01-05T00:00&until=2026-01-06T00:00",
        "audit, from a step on": f"{root}/?step_from=20",
        "audit, one step": f"{root}/?step_from=16&step_to=16",
        "audit, a rare step": f"{root}/?step_from={RARE_STEP}&step_to={RARE_STEP}",
        "audit, steps without entries": f"{root}/?step_from=1000",
        "audit, the oldest page": f"{root}/?after=1",
        "audit, a page in the middle": f"{root}/?before={middle}",
        "audit, an entry in the middle": f"{root}/{middle}/",
    }


def _fetched(base: str, path: str, cookie: str) -> bytes:
    asked = urllib.request.Request(base + path, headers={"Cookie": cookie, "Accept-Encoding": "gzip"})  # noqa: S310
    with urllib.request.urlopen(asked, timeout=300) as answer:  # noqa: S310 - our own server
        body: bytes = answer.read()
        return body


def _print_server(base: str, cookie: str, pid: int, paths: dict[str, str]) -> None:
    """Print what each page takes by the wall clock, and of the server's processor, which other work cannot add to."""
    print("| page | ms, first | ms, median | CPU ms, mean | kB |\n| - | -: | -: | -: | -: |")
    for name, path in paths.items():
        taken, size, before = [], 0, 0.0
        for turn in range(REQUESTS + 1):
            before = serving.cpu_seconds(pid) if turn == 1 else before
            began = time.perf_counter()
            size = len(_fetched(base, path, cookie))
            taken.append(1e3 * (time.perf_counter() - began))
        spent = 1e3 * (serving.cpu_seconds(pid) - before) / REQUESTS
        figures = f"{taken[0]:.0f} | {statistics.median(taken[1:]):.0f} | {spent:.0f} | {size / 1000:.1f}"
        print(f"| {name} | {figures} |", flush=True)
    print()


def _print_poll(base: str, cookie: str, pid: int, path: str) -> None:
    """Print what a poll that finds nothing new costs the server."""
    from trials import head
    from trials.models import Study

    version = head.live_version(Study.objects.get(pk=int(path.split("/")[2])))
    before = serving.cpu_seconds(pid)
    for _ in range(POLLS):
        _fetched(base, f"{path}?version={version}", cookie)
    spent = 1e3 * (serving.cpu_seconds(pid) - before) / POLLS
    print(f"An idle poll costs the server {spent:.1f} ms of CPU.\n", flush=True)


def _print_browser(pages: dict[str, str], base: str, cookie: str) -> None:
    print("| page | text, s | charts in sight, s | all charts, s | kB | heap, MB | longest task, ms |")
    print("| - | -: | -: | -: | -: | -: | -: |")
    with opening.chromium() as browser:
        print(f"(Chromium {browser.version})", file=sys.stderr)
        # In a profile of its own: what the browser does once after its start is not the first page's.
        opening.opened(opening.context(browser, base).new_page(), f"{base}/accounts/login/")
        for name, url in pages.items():
            context = opening.context(browser, base, cookie)
            for when in ("cold", "warm"):
                page = context.new_page()
                one = opening.opened(page, url)
                page.close()
                seconds = " | ".join(f"{each:.2f}" for each in (one.text_s, one.in_sight_s, one.drawn_s))
                rest = f"{one.kilobytes:,.0f} | {one.heap_mb:.0f} | {one.longest_ms:.0f}"
                print(f"| {name}, {when} | {seconds} | {rest} |", flush=True)
            context.close()


if __name__ == "__main__":
    main()
