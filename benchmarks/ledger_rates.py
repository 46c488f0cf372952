"""How fast the ledger is written and checked, beside a bare commit of a row of the same size.

    python benchmarks/ledger_rates.py --rows 20000 --commits 2000

Everything in one run, on a new SQLite database with the product's own settings (write-ahead log,
`synchronous=FULL`) in a temporary folder. Verdicts come from a simulated study under the default policy, so the
rows have the size of real ones. Verifying runs in a process of its own, whose peak memory is read at a tenth of the
rows and at all of them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import workbench  # noqa: E402  # the repository is not installed

BARE = "CREATE TABLE bare (id integer PRIMARY KEY AUTOINCREMENT, body blob NOT NULL)"


def bare_commits(bodies: Iterator[bytes], n: int) -> float:
    """Return rows/s of committing one row of a body each, through the same connection."""
    from django.db import connection, transaction

    started = time.perf_counter()
    for body in itertools.islice(bodies, n):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO bare (body) VALUES (%s)", [body])
    return n / (time.perf_counter() - started)


def ledger_commits(study: workbench.Ledger, n: int) -> float:
    """Return rows/s of appending one entry in a transaction each."""
    from django.db import transaction

    started = time.perf_counter()
    for _ in range(n):
        with transaction.atomic():
            study.append(1)
    return n / (time.perf_counter() - started)


def batches(study: workbench.Ledger, n: int, size: int = 500) -> float:
    """Return rows/s of appending entries in transactions of `size`."""
    from django.db import transaction

    started = time.perf_counter()
    for _ in range(n // size):
        with transaction.atomic():
            study.append(size)
    return n / (time.perf_counter() - started)


def checked(folder: Path, uid: str) -> tuple[float, int]:
    """Return (rows/s of verifying, peak memory in bytes) of a process of its own."""
    said = subprocess.run(
        [sys.executable, __file__, "--verify", uid],
        env={**os.environ, "ESPALIER_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    rate, peak = json.loads(said.stdout)
    return float(rate), int(peak)


def verify_here(uid: str) -> None:
    """Verify one ledger in this process and print (rows/s, peak memory in bytes)."""
    from uuid import UUID

    workbench.set_up()
    from pruning.verify import verify

    started = time.perf_counter()
    found = verify(UUID(uid))
    seconds = time.perf_counter() - started
    if not found.holds:
        raise SystemExit(found.sentence())
    print(json.dumps([found.n_rows / seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]))


def rounds(one: Callable[[], float], n: int = 5) -> float:
    """Return the median of `n` rounds."""
    return statistics.median(one() for _ in range(n))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000, help="rows of the ledger that is verified")
    parser.add_argument("--commits", type=int, default=400, help="one-row commits per round")
    parser.add_argument("--verify", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.verify:
        verify_here(chosen.verify)
        return
    with tempfile.TemporaryDirectory() as directory:
        os.environ["ESPALIER_DATA_DIR"] = directory
        workbench.set_up(migrate=True)
        measure(Path(directory), rows=chosen.rows, commits=chosen.commits)


def measure(folder: Path, *, rows: int, commits: int) -> None:
    """Print every figure."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(BARE)
    entries = workbench.verdicts()
    bodies = workbench.bodies(entries)
    size = int(np.mean([len(body) for body in itertools.islice(bodies, 1000)]))
    print(f"mean body: {size} bytes")
    study = workbench.Ledger("single", entries)
    ratios = []
    for _ in range(5):
        bare = bare_commits(bodies, commits)
        ours = ledger_commits(study, commits)
        ratios.append(ours / bare)
        print(f"one-row commits: bare {bare:,.0f}/s, ledger {ours:,.0f}/s, ratio {ours / bare:.2f}")
    print(f"median ratio: {statistics.median(ratios):.2f}")
    grown = workbench.Ledger("batches", entries)
    print(f"in batches of 500: {batches(grown, rows // 10):,.0f} rows/s")
    early = checked(folder, str(grown.study.uid))
    print(f"in batches of 500: {batches(grown, rows - rows // 10):,.0f} rows/s")
    late = checked(folder, str(grown.study.uid))
    for n, (rate, peak) in ((rows // 10, early), (rows, late)):
        print(f"verify {n:,} rows: {rate:,.0f} rows/s, peak memory {peak / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
