"""Small folders of recorded curves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike
from pyarrow import parquet


def an_entry(name: str, **changes: object) -> dict[str, object]:
    """Return a task's entry in the index."""
    return {"name": name, "benchmark": "toys", "role": "sweep", "objective": "val_loss", "mode": "min", **changes}


def falling(runs: int = 20, reports: int = 8, *, seed: int = 0) -> list[list[float]]:
    """Return curves that fall towards their own ends, with a little noise."""
    random = np.random.default_rng(seed)
    ends = random.permutation(runs) / runs
    steps = np.arange(1, reports + 1)
    curves = ends[:, None] + 2 / steps[None, :] + random.normal(0, 0.02, (runs, reports))
    found: list[list[float]] = curves.tolist()
    return found


def write_task(folder: Path, name: str, curves: Sequence[Sequence[float]], **columns: ArrayLike) -> None:
    """Write one task's Parquet file, each curve from step 0 on; step 0 is before any training."""
    rows = [(config, step, value) for config, values in enumerate(curves) for step, value in enumerate([9.0, *values])]
    table = {
        "config_id": [row[0] for row in rows],
        "step": [row[1] for row in rows],
        "val_loss": [row[2] for row in rows],
    }
    parquet.write_table(pa.table({**table, **columns}), folder / f"{name}.parquet")


def a_folder(folder: Path, tasks: Mapping[str, Sequence[Sequence[float]]]) -> Path:
    """Write a folder with these tasks."""
    folder.mkdir(exist_ok=True)
    for name, curves in tasks.items():
        write_task(folder, name, curves)
    (folder / "index.json").write_text(json.dumps([an_entry(name) for name in tasks]))
    return folder
