"""Copies a study, as `copying.write` wrote it, into MLflow's tracking database. Runs where MLflow is installed.

    python mlflow_study.py study.jsonl mlflow.sqlite3

A trial becomes a run: its parameters, its metric at every step, its state (stopped: KILLED). The experiment is made
through the tracking store; its runs go straight into that store's tables, for `create_run` and `log_batch` take 24 ms
of the processor for each.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections import defaultdict
from collections.abc import Iterable
from math import isnan
from pathlib import Path
from typing import Any

from mlflow.entities import ExperimentTag
from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlParam, SqlRun, SqlTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import insert

Rows = dict[type, list[dict[str, Any]]]
STATES = {
    "WAITING": "SCHEDULED",
    "RUNNING": "RUNNING",
    "PAUSED": "RUNNING",
    "COMPLETE": "FINISHED",
    "PRUNED": "KILLED",
    "FAILED": "FAILED",
}
# Without it the pages are those of language model traces.
KIND = ExperimentTag("mlflow.experimentKind", "custom_model_development")


def main() -> None:
    """Read the lines, and log a run for each; print the ids of the experiment and its runs."""
    source, database = sys.argv[1:]
    artifacts = Path(database).resolve().parent / "artifacts"
    store = SqlAlchemyStore(f"sqlite:///{database}", str(artifacts))
    with Path(source).open() as lines:
        told = json.loads(next(lines))
        experiment = store.create_experiment(told["name"], tags=[KIND])
        rows = _rows(int(experiment), told["metric"], str(artifacts), map(json.loads, lines))
    with store.engine.begin() as connection:
        for model, found in rows.items():
            connection.execute(insert(model), found)
    print(json.dumps({"experiment": experiment, "runs": [run["run_uuid"] for run in rows[SqlRun]]}))


def _rows(experiment: int, metric: str, artifacts: str, trials: Iterable[dict[str, Any]]) -> Rows:
    rows: Rows = defaultdict(list)
    for trial in trials:
        key, name, began = uuid.uuid4().hex, f"trial {trial['number']}", trial["started_at"] or 0.0
        rows[SqlRun].append(
            {
                "run_uuid": key,
                "name": name,
                "experiment_id": experiment,
                "user_id": "bench",
                "source_name": "",
                "entry_point_name": "",
                "source_version": "",
                "status": STATES[trial["state"]],
                "start_time": _milliseconds(began),
                "end_time": _milliseconds(trial["ended_at"]),
                "artifact_uri": f"{artifacts}/{experiment}/{key}/artifacts",
            }
        )
        rows[SqlTag].append({"run_uuid": key, "key": "mlflow.runName", "value": name})
        rows[SqlParam].extend(
            {"run_uuid": key, "key": name, "value": str(value)} for name, value in trial["params"].items()
        )
        points = [
            {"run_uuid": key, "key": metric, "step": step, "timestamp": _milliseconds(began + seconds)} | _stored(value)
            for step, value, seconds in zip(trial["steps"], trial["values"], trial["seconds"], strict=True)
        ]
        rows[SqlMetric].extend(points)
        rows[SqlLatestMetric].extend(points[-1:])
    return rows


def _stored(value: float) -> dict[str, Any]:
    """Return a value as MLflow stores it: not a number is a flag, infinite the largest there is."""
    largest = sys.float_info.max
    return {"value": 0.0 if isnan(value) else min(max(value, -largest), largest), "is_nan": isnan(value)}


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(1000 * seconds)


if __name__ == "__main__":
    main()
