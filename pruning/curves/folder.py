"""Folders of recorded curves: `index.json`, and per task `<name>.parquet` with a row per report.

An entry of the index names a task (`name`), its family (`benchmark`), what its runs are (`role`: sweep, seeds or
replicates), and the `objective` column with its `mode` (min or max). A row holds `config_id`, `step`, the metrics and,
where a benchmark's reports are spaced by the clock, `elapsed_s`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pruning.backtest import Skipped, Task, obstacle
from pruning.simulate import Pool, Recording

POINTS = 40
BY_SECONDS = frozenset({"algoperf"})
"""Benchmarks whose reports are spaced by the clock: runs are compared at equal seconds."""
REPLICATES = "replicates"
"""Runs of one configuration: there is nothing to choose."""
NEEDED = ("name", "benchmark", "role", "objective", "mode")


class NotInLayout(ValueError):
    """A folder, or a task of it, that cannot be read as recorded curves; the message names the remedy."""


@dataclass(frozen=True)
class Run:
    """The rows of one run that were told after some training, in the order in which they stand."""

    name: str
    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    seconds: NDArray[np.float64] | None


def index(folder: Path) -> list[dict[str, Any]]:
    """Return the entries of a folder's index; NotInLayout if it has none or they lack what a replay needs."""
    path = folder / "index.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        message = f"{path} cannot be read ({error}): give a folder with index.json and one Parquet file a task"
        raise NotInLayout(message)
    if not isinstance(entries, list) or not entries:
        raise NotInLayout(f"{path} is no list of tasks: each entry needs {', '.join(NEEDED)}")
    names: set[str] = set()
    for place, entry in enumerate(entries):
        if problem := _problem(entry) or ("has the name of an earlier one" if entry["name"] in names else ""):
            raise NotInLayout(f"{path}: entry {place} {problem}")
        names.add(entry["name"])
    return entries


def tasks(folder: Path, *, wanted: Sequence[str] = (), families: Collection[str] = ()) -> Iterator[Task | Skipped]:
    """Yield every task whose name begins with one of `wanted` (empty: all), or why it cannot be played.

    NotInLayout if the folder cannot be read, or no name begins so.

    families: only tasks of these benchmarks; empty for all.
    """
    entries = index(folder)
    if wanted and not any(entry["name"].startswith(start) for entry in entries for start in wanted):
        names = ", ".join(entry["name"] for entry in entries)
        raise NotInLayout(f"{folder} has no task whose name begins with {' or '.join(wanted)}; it has {names}")
    for entry in entries:
        name = entry["name"]
        if wanted and not any(name.startswith(start) for start in wanted):
            continue
        if families and entry["benchmark"] not in families:
            continue
        if entry["role"] == REPLICATES:
            yield Skipped(task=name, reason="its runs are replicates of one configuration: there is nothing to choose")
            continue
        try:
            yield read_task(folder, entry)
        except NotInLayout as error:
            yield Skipped(task=name, reason=str(error))


def read_task(folder: Path, entry: Mapping[str, Any]) -> Task:
    """Return a task; NotInLayout if it cannot be read or nothing can be learnt from it."""
    runs = _runs(folder, entry)
    pool = _pool(entry, runs)
    if reason := obstacle(pool):
        raise NotInLayout(reason)
    gone = len(runs) - len(pool.recordings)
    left_out = f"{gone} of {len(runs)} runs broke off early and are left out." if gone else ""
    return Task(family=entry["benchmark"], name=entry["name"], pool=pool, left_out=left_out)


def read(folder: Path, entry: Mapping[str, Any], *, by_step: bool = False) -> Pool:
    """Return a task's runs as a pool; a report before any training (step 0) is dropped.

    by_step: keep the steps at which the runs reported, and what each cost, where otherwise reports are counted.
    """
    return _pool(entry, _runs(folder, entry), by_step=by_step)


def _pool(entry: Mapping[str, Any], runs: Sequence[Run], *, by_step: bool = False) -> Pool:
    by_clock = _by_seconds if entry["benchmark"] in BY_SECONDS else _by_report
    horizon, recordings = (_by_step if by_step else by_clock)(runs)
    if not recordings:
        raise NotInLayout("no run reported anything within the time that is compared: check elapsed_s")
    return Pool(
        metric=entry["objective"], maximize=entry["mode"] == "max", horizon=horizon, recordings=tuple(recordings)
    )


def _by_report(runs: Sequence[Run]) -> tuple[int, list[Recording]]:
    """Take reports as steps of equal cost; runs shorter than the longest broke off and are left out."""
    horizon = max(len(run.values) for run in runs)
    steps = np.arange(1, horizon + 1)
    return horizon, [Recording.of(run.name, steps, run.values) for run in runs if len(run.values) == horizon]


def _by_step(runs: Sequence[Run]) -> tuple[int, list[Recording]]:
    """Take the steps as they were told, in the order in which the runs would be suggested."""
    recordings = [Recording.of(run.name, run.steps, run.values) for run in runs]
    return max(int(run.steps.max()) for run in runs), recordings


def _by_seconds(runs: Sequence[Run]) -> tuple[int, list[Recording]]:
    """Take the newest value at 40 equal times, up to the time by which a tenth of the runs have ended."""
    clocks = [run.seconds for run in runs if run.seconds is not None]
    if len(clocks) < len(runs) or not all(np.isfinite(clock).all() for clock in clocks):
        raise NotInLayout("its runs are compared at equal seconds, but elapsed_s is missing: fill in that column")
    last = float(np.quantile([clock.max() for clock in clocks], 0.1))
    times = last * np.arange(1, POINTS + 1) / POINTS
    found = []
    for run, clock in zip(runs, clocks, strict=True):
        newest = np.searchsorted(clock, times, side="right") - 1
        seen = newest >= 0  # before its first evaluation a run has nothing to report
        if seen[-1]:
            found.append(Recording.of(run.name, np.arange(1, POINTS + 1)[seen], run.values[newest[seen]]))
    return POINTS, found


def _runs(folder: Path, entry: Mapping[str, Any]) -> list[Run]:
    """Return a task's runs by number; NotInLayout if there are none or the file does not hold them."""
    columns = _columns(folder / f"{entry['name']}.parquet", entry["objective"])
    trained = columns["step"] > 0
    columns = {name: values[trained] for name, values in columns.items()}
    configs = columns["config_id"]
    order = np.argsort(configs, kind="stable")
    names, starts = np.unique(configs[order], return_index=True)
    if not names.size:
        raise NotInLayout("it holds no report after any training: check the column step")
    seconds = columns.get("elapsed_s")
    return [
        Run(
            name=str(int(name)),
            steps=columns["step"][rows].astype(np.int64),
            values=columns[entry["objective"]][rows],
            seconds=None if seconds is None else seconds[rows],
        )
        for name, rows in zip(names, np.split(order, starts[1:]), strict=True)
    ]


def _columns(path: Path, objective: str) -> dict[str, NDArray[np.float64]]:
    """Read the columns that a replay needs; NotInLayout names what is missing."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise NotInLayout("Parquet files are read by pyarrow, which is not installed: pip install pyarrow")
    try:
        table = parquet.ParquetFile(path).read()
    except (OSError, ArrowException) as error:
        raise NotInLayout(f"{path.name} cannot be read ({error}): every task needs its Parquet file")
    columns: dict[str, NDArray[np.float64]] = {}
    for name in ("config_id", "step", objective, "elapsed_s"):
        if name in table.column_names:
            columns[name] = _numbers(table, name, path)
        elif name != "elapsed_s":
            raise NotInLayout(f"{path.name} has no column {name!r}; it has {', '.join(table.column_names)}")
    if not all(np.isfinite(columns[name]).all() for name in ("config_id", "step")):
        raise NotInLayout(f"{path.name}: config_id and step must be whole numbers in every row")
    return columns


def _numbers(table: Any, name: str, path: Path) -> NDArray[np.float64]:
    try:
        return np.asarray(table[name].to_numpy(), dtype=np.float64)
    except (TypeError, ValueError):
        raise NotInLayout(f"{path.name}: the column {name!r} does not hold numbers")


def _problem(entry: object) -> str:
    """Return what an entry of the index lacks."""
    if not isinstance(entry, dict):
        return "is no mapping"
    missing = [name for name in NEEDED if not isinstance(entry.get(name), str) or not entry[name]]
    if missing:
        return f"has no {', '.join(missing)}: each needs {', '.join(NEEDED)} as texts"
    if entry["mode"] not in {"min", "max"}:
        return f"({entry['name']}) has mode {entry['mode']!r}: write min or max"
    if Path(entry["name"]).name != entry["name"]:
        return f"has the name {entry['name']!r}, which is no file's name"
    return ""
