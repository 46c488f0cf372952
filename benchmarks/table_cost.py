"""What the trials table costs the server: any order, query and page of a study of so many trials.

    python benchmarks/table_cost.py --trials 100000

Fills a new SQLite database by the real engine (`filling.fill`; minutes, most of it judging), or takes the one that
`--data` names from an earlier run, or PostgreSQL where `DATABASE_URL` names it. Every page is asked for through the
whole stack, as a browser does: session, permission, queries, template. One warm-up of each page does not count.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import workbench  # noqa: E402  # the repository is not installed

if TYPE_CHECKING:
    from django.test import Client

    from trials.models import Study

REPORTS, POLICY = 20, "balanced"
SORTS = (
    "number", "state", "ending", "step", "best", "last", "steps", "seconds", "attempts", "created", "started", "ended",
    "x", "val_loss.first", "val_loss.min", "val_loss.max",
)  # fmt: skip
QUERIES = (
    "state = pruned",
    "ending in (outpaced, diverged) or x > 0.9",
    "state = pruned and x > 0.5 and val_loss.max < 4.5",
    "not (x > 0.01)",
    "x < 0.00001",
    "best < 2 and step > 10",
    "tag = baseline",
    "worker = filling",
    "ended > 2026-01-01T06:00",
    "control = yes",
    "spared = yes",
    "verdict = PROTECT",
    "verdict = STOP",
    "rule = calibrated_halving",
    "control = no",
    "verdict != STOP",
    "rule != calibrated_halving",
)
COLUMNS = "col=ending&col=tag&col=worker&col=val_loss.first&col=val_loss.max&col=x&col=note&col=ended"


def main() -> None:
    """Fill, ask, print."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ESPALIER_DATA_DIR"] = arguments.data or folder
        os.environ["ESPALIER_HASHED_STATIC"] = "0"
        workbench.set_up(migrate=True)
        study = _study(arguments.trials)
        workbench.settle()
        asked = list(_measured(study, arguments.repeat))
    for group in dict.fromkeys(group for group, *_ in asked):
        rows = [row for row in asked if row[0] == group]
        slowest = max(rows, key=lambda row: row[2])
        print(
            f"{group}: {len(rows)} pages, median {statistics.median(row[2] for row in rows):.0f} ms, "
            f"slowest {slowest[2]:.0f} ms ({slowest[1]}); processor {statistics.median(row[3] for row in rows):.0f} "
            f"and {max(row[3] for row in rows):.0f} ms; at most {max(row[4] for row in rows)} queries"
        )
    for group, path, wall, processor, queries in sorted(asked, key=lambda row: -row[2])[: arguments.slowest]:
        print(f"{wall:7.1f} ms  {processor:7.1f} ms processor  {queries} queries  {group}: {path}")


def _measured(study: Study, repeat: int) -> Iterator[tuple[str, str, float, float, int]]:
    """Yield (group, page, wall ms, processor ms, queries), the best of so many answers each."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.get_or_create(username="reader", defaults={"is_superuser": True})[0])
    for group, path in _pages(study):
        walls, processors, n = [], [], 0
        for _ in range(repeat + 1):
            with CaptureQueriesContext(connection) as queries:
                wall, processor = time.perf_counter(), time.process_time()
                _get(client, path)
                walls.append(1000 * (time.perf_counter() - wall))
                processors.append(1000 * (time.process_time() - processor))
            n = len(queries)
        yield group, path.partition("?")[2], min(walls[1:]), min(processors[1:]), n


def _pages(study: Study) -> Iterator[tuple[str, str]]:
    from urllib.parse import urlencode

    from trials.models import Revision

    base = f"/studies/{study.pk}/trials/"
    looks = Revision.objects.filter(study=study).values_list("looks", flat=True)[0]
    sorts = [*SORTS, *(f"val_loss@{look}" for look in looks)]
    for sort in sorts:
        for way in ("", "-"):
            yield "first page of an order", f"{base}?sort={way}{sort}"
            yield "last page of an order", f"{base}?sort={way}{sort}&last=1"
    for query in QUERIES:
        for sort in ("best", "-x", "val_loss.max"):
            yield "first page of a query", f"{base}?{urlencode({'q': query, 'sort': sort})}"
    yield "many columns", f"{base}?{COLUMNS}&sort=-val_loss.max"
    for query in ("", "state = pru", "tag = ", "ending = "):
        yield "completion", f"{base}complete.json?{urlencode({'q': query})}"


def _get(client: Client, path: str) -> None:
    response: Any = client.get(path)
    assert response.status_code == 200, (path, response.status_code)


def _study(trials: int) -> Study:
    """Return the study to ask for, filled if there is none yet."""
    from filling import fill

    from trials import tags
    from trials.models import Study

    found = Study.objects.filter(name=f"table {trials}").first() or Study.objects.filter(next_number=trials).first()
    if found is None:
        began = time.monotonic()
        found = workbench.launched(f"table {trials}", POLICY, reports=REPORTS, trials=trials)
        fill(found, workbench.pool(trials, reports=REPORTS))
        print(f"filled with {trials:,} trials in {time.monotonic() - began:.0f} s", file=sys.stderr)
    if not tags.in_use(found):
        some = list(found.trials.filter(number__lt=200))
        tags.add(found, ["baseline"], trials=some, person="filling", at=workbench.AT)
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=100_000, help="how many trials the study has")
    parser.add_argument(
        "--data", default="", help="a data directory to keep and use again; a temporary one if left out"
    )
    parser.add_argument("--repeat", type=int, default=3, help="answers of each page, of which the best counts")
    parser.add_argument("--slowest", type=int, default=10, help="how many of the slowest pages to list")
    return parser.parse_args()


if __name__ == "__main__":
    main()
