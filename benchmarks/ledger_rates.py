"""How fast the ledger is written and checked, beside a bare commit of the same row.

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
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import workbench  # noqa: E402  # the repository is not installed

if TYPE_CHECKING:
    from pruning.ledger import Entry

TABLE = (
    "SELECT sql FROM sqlite_master WHERE tbl_name = 'pruning_event' AND sql IS NOT NULL AND type IN ('table', 'index')"
)
BLOB = "CREATE TABLE bare_blob (id integer PRIMARY KEY AUTOINCREMENT, body blob NOT NULL)"


def make_bare_tables() -> None:
    """Create a copy of the ledger's table, its indexes included, without its triggers; and a table of one column."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        for (sql,) in cursor.fetchall():
            cursor.execute(sql.replace("pruning_event", "bare_event"))
        cursor.execute(BLOB)


Seconds = Mapping[str, NDArray[np.float64]]


def one_row_commits(study: workbench.Ledger, rows: Iterator[Sequence[object]], n: int) -> Seconds:
    """Return the seconds of committing one row each, `n` times in turn through the same connection.

    `same`: a row of the ledger's own columns and indexes, whose values are ready beforehand: nothing is hashed or
    sealed, no trigger fires and there is no head to move. `blob`: a row of one column without any index. `ledger`: an
    entry, given to the ledger as its callers give it.
    """
    from django.db import connection, transaction

    from pruning.writing import FIELDS

    names, marks = ", ".join(f'"{field.column}"' for field in FIELDS), ", ".join(["%s"] * len(FIELDS))
    same = f"INSERT INTO bare_event ({names}) VALUES ({marks})"  # noqa: S608 - names of our own columns
    blob = "INSERT INTO bare_blob (body) VALUES (%s)"

    def commit_bare(statement: str, values: Sequence[object]) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)

    def commit(entries: Sequence[Entry]) -> None:
        with transaction.atomic():
            study.append(entries)

    taken: dict[str, list[float]] = {"blob": [], "same": [], "ledger": []}
    for values in itertools.islice(rows, n):
        entries = study.entries(1)
        turns: dict[str, Callable[[], None]] = {
            "blob": lambda values=values: commit_bare(blob, [values[-1]]),
            "same": lambda values=values: commit_bare(same, values),
            "ledger": lambda entries=entries: commit(entries),
        }
        for name, turn in turns.items():
            started = time.perf_counter()
            turn()
            taken[name].append(time.perf_counter() - started)
    return {name: np.array(seconds) for name, seconds in taken.items()}


def say_rates(taken: Seconds) -> None:
    """Print the rates of one-row commits and their ratios, of the means and of the medians."""
    for word, of in (("mean", np.mean), ("median", np.median)):
        seconds = {name: float(of(values)) for name, values in taken.items()}
        rates = ", ".join(f"{name} {1 / value:,.0f}" for name, value in seconds.items())
        same, blob = seconds["same"] / seconds["ledger"], seconds["blob"] / seconds["ledger"]
        print(
            f"one-row commits/s by the {word}: {rates}; the ledger is {same:.2f} of the same row, {blob:.2f} of a blob"
        )


def batches(study: workbench.Ledger, n: int, size: int = 500) -> float:
    """Return rows/s of appending entries in transactions of `size`."""
    from django.db import transaction

    started = time.perf_counter()
    for _ in range(n // size):
        with transaction.atomic():
            study.append(study.entries(size))
    return n / (time.perf_counter() - started)


def checked(folder: Path, grown: workbench.Ledger) -> tuple[float, int]:
    """Return (rows/s of verifying, peak memory in bytes) of a process of its own."""
    grown.study.save(update_fields=["sequence"])
    uid = str(grown.study.uid)
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000, help="rows of the ledger that is verified")
    parser.add_argument("--commits", type=int, default=3_000, help="one-row commits of each kind, in turn")
    parser.add_argument("--verify", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.verify:
        verify_here(chosen.verify)
        return
    with tempfile.TemporaryDirectory() as directory:
        os.environ["ESPALIER_DATA_DIR"] = directory
        workbench.set_up(migrate=True)
        measure(Path(directory), n_rows=chosen.rows, commits=chosen.commits)


def measure(folder: Path, *, n_rows: int, commits: int) -> None:
    """Print every figure."""
    make_bare_tables()
    found = workbench.verdicts()
    rows = workbench.bare_rows(found)
    print(f"mean body: {np.mean([len(bytes(values[-1])) for values in itertools.islice(rows, 1000)]):,.0f} bytes")
    study = workbench.Ledger("single", found)
    say_rates(one_row_commits(study, rows, commits))
    grown = workbench.Ledger("batches", found)
    print(f"in batches of 500: {batches(grown, n_rows // 10):,.0f} rows/s")
    early = checked(folder, grown)
    print(f"in batches of 500: {batches(grown, n_rows - n_rows // 10):,.0f} rows/s")
    late = checked(folder, grown)
    for checked_rows, (rate, peak) in ((n_rows // 10, early), (n_rows, late)):
        print(f"verify {checked_rows:,} rows: {rate:,.0f} rows/s, peak memory {peak / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
