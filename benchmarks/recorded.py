"""Reads folders of recorded curves: `index.json`, and per task `<name>.parquet` with a row per report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pruning.simulate import Pool, Recording

POINTS = 40
BY_SECONDS = {"algoperf"}
"""Benchmarks whose reports are spaced by the clock: runs are compared at equal seconds."""
FEWEST = 30


def tasks(folder: Path, *, wanted: Sequence[str] = ()) -> Iterator[tuple[str, str, Pool]]:
    """Yield (benchmark, task, pool) for every usable task; skipped ones are named on standard output.

    wanted: beginnings of task names; empty for all but those compared by seconds, which are kept for validation.
    """
    for entry in json.loads((folder / "index.json").read_text()):
        name, benchmark = entry["name"], entry["benchmark"]
        if not (any(name.startswith(start) for start in wanted) if wanted else benchmark not in BY_SECONDS):
            continue
        if entry["role"] == "replicates" or entry["n_configs"] < FEWEST:
            print(
                f"skipped {name}: {entry['role']} of {entry['n_configs']} runs, where {FEWEST} that differ are needed"
            )
            continue
        yield benchmark, name, read(folder, entry)


def read(folder: Path, entry: dict[str, Any], *, by_step: bool = False) -> Pool:
    """Return a task's runs as a pool; a report before any training (step 0) is dropped.

    by_step: keep the steps at which the runs reported, and what each cost, where otherwise reports are counted.
    """
    curves = pd.read_parquet(folder / f"{entry['name']}.parquet")
    curves = curves[curves["step"] > 0]
    by_clock = _by_seconds if entry["benchmark"] in BY_SECONDS else _by_report
    horizon, recordings = (_by_step if by_step else by_clock)(curves, entry["objective"])
    return Pool(
        metric=entry["objective"], maximize=entry["mode"] == "max", horizon=horizon, recordings=tuple(recordings)
    )


def _by_report(curves: pd.DataFrame, objective: str) -> tuple[int, list[Recording]]:
    """Take reports as steps of equal cost; runs shorter than the longest broke off and are left out."""
    runs = {config: run[objective].to_numpy(float) for config, run in curves.groupby("config_id")}
    horizon = max(len(values) for values in runs.values())
    steps = np.arange(1, horizon + 1)
    whole = [Recording.of(str(config), steps, values) for config, values in runs.items() if len(values) == horizon]
    return horizon, whole


def _by_step(curves: pd.DataFrame, objective: str) -> tuple[int, list[Recording]]:
    """Take the steps as they were told, in the order in which the runs would be suggested."""
    runs = curves.groupby("config_id")
    recordings = [
        Recording.of(str(config), run["step"].to_numpy(), run[objective].to_numpy(float)) for config, run in runs
    ]
    return int(curves["step"].max()), recordings


def _by_seconds(curves: pd.DataFrame, objective: str) -> tuple[int, list[Recording]]:
    """Take the newest value at 40 equal times, up to the time by which a tenth of the runs have ended."""
    runs = [run for _, run in curves.groupby("config_id")]
    last = float(np.quantile([run["elapsed_s"].max() for run in runs], 0.1))
    times = last * np.arange(1, POINTS + 1) / POINTS
    found = []
    for run in runs:
        newest = np.searchsorted(run["elapsed_s"].to_numpy(), times, side="right") - 1
        seen = newest >= 0  # before its first evaluation a run has nothing to report
        if seen[-1]:
            values = run[objective].to_numpy(float)[newest[seen]]
            found.append(Recording.of(str(run["config_id"].iloc[0]), np.arange(1, POINTS + 1)[seen], values))
    return POINTS, found
