"""Folders of recorded curves as the benchmarks use them: sweeps and seeds of enough runs that differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pruning.backtest import Task
from pruning.curves.folder import BY_SECONDS, index, read

__all__ = ["FEWEST", "read", "tasks"]

FEWEST = 30


def tasks(folder: Path, *, wanted: Sequence[str] = ()) -> Iterator[Task]:
    """Yield every usable task; skipped ones are named on standard output.

    wanted: beginnings of task names; empty for all but those compared by seconds, which are kept for validation.
    """
    for entry in index(folder):
        name, benchmark = entry["name"], entry["benchmark"]
        if not (any(name.startswith(start) for start in wanted) if wanted else benchmark not in BY_SECONDS):
            continue
        if entry["role"] == "replicates" or entry["n_configs"] < FEWEST:
            print(
                f"skipped {name}: {entry['role']} of {entry['n_configs']} runs, where {FEWEST} that differ are needed"
            )
            continue
        yield Task(family=benchmark, name=name, pool=read(folder, entry))
