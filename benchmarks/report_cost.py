"""What a report costs with everything it brings about, beside Optuna's `report` and `should_prune`.

    python benchmarks/report_cost.py --finished 10000

One run, one machine, two SQLite files with `synchronous=FULL`. On both sides so many trials have finished; then
trials of 20 reports each train along the same curves, and every report is timed by the wall clock until it is
durable and the answer is there. Ours stores the point, judges it under the default policy and seals the verdict;
Optuna stores the value and asks its pruner. Trials train to their ends whatever the answer, ours under the policy in
shadow mode, so that both sides hear the same 20 reports of every trial. The finished trials are put in without
waiting for the disk.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import workbench  # noqa: E402  # the repository is not installed

REPORTS = 20


@dataclass
class Timing:
    """Milliseconds per report of one contender."""

    name: str
    spent: list[float] = field(default_factory=list)

    def row(self, ours: float) -> str:
        """Return it as a row of a Markdown table."""
        told = np.array(self.spent)
        return (
            f"| {self.name} | {len(told):,} | {told.mean():.2f} | {np.median(told):.2f} "
            f"| {np.quantile(told, 0.99):.1f} | {ours / told.mean():.2f} |"
        )


def timed(timing: Timing, report: Callable[[int, float], bool], values: NDArray[np.float64]) -> None:
    """Report a curve step by step, timing each report."""
    for step, value in zip(workbench.steps(REPORTS).tolist(), values.tolist(), strict=True):
        started = time.perf_counter()
        report(step, value)
        timing.spent.append(1e3 * (time.perf_counter() - started))


def time_ours(finished: int, arriving: Sequence[NDArray[np.float64]], policy: str) -> Timing:
    """Time the product's own door."""
    import filling
    from django.db import connection

    shadow = {"preset": policy, "shadow": True}
    study = workbench.launched("busy", shadow, reports=REPORTS, trials=finished + len(arriving))
    filling.fill(study, workbench.pool(finished, reports=REPORTS))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        print(f"ours: {study.n_trials:,} trials, synchronous={cursor.fetchone()[0]} (2 is FULL)", flush=True)
    timing = Timing(f"ours, {policy}")
    workbench.reporter(study)(workbench.steps(REPORTS).tolist()[1], 3.0)  # a process that begins reads the study in
    for values in arriving:
        timed(timing, workbench.reporter(study), values)
    return timing


def time_optuna(finished: int, arriving: Sequence[NDArray[np.float64]], pruner: str, folder: Path) -> Timing:
    """Time Optuna with one of its pruners on its SQLite storage."""
    import optuna
    from sqlalchemy import event

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    file = folder / f"{pruner}.db"
    storage = optuna.storages.RDBStorage(f"sqlite:///{file}")
    made = {
        "MedianPruner": optuna.pruners.MedianPruner(),
        "HyperbandPruner": optuna.pruners.HyperbandPruner(min_resource=1, max_resource=workbench.HORIZON),
    }[pruner]

    @event.listens_for(storage.engine, "connect")
    def _set(connection: sqlite3.Connection, record: object) -> None:
        connection.execute("PRAGMA synchronous=FULL")

    study = optuna.create_study(storage=storage, pruner=made, study_name="bench")
    fill_optuna(file, study._study_id, finished)
    storage.engine.dispose()
    study = optuna.load_study(storage=storage, pruner=made, study_name="bench")
    if len(study.get_trials(deepcopy=False)) != finished:
        raise SystemExit(f"Optuna reads {len(study.trials)} trials, not {finished}")
    timing = Timing(f"Optuna {optuna.__version__}, {pruner}")
    for values in arriving:
        trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})

        def report(step: int, value: float, trial: optuna.Trial = trial) -> bool:
            trial.report(value, step)
            return trial.should_prune()

        timed(timing, report, values)
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    return timing


def fill_optuna(file: Path, study_id: int, finished: int) -> None:
    """Put finished trials into Optuna's tables at once, where `add_trials` takes minutes."""
    from optuna.distributions import FloatDistribution, distribution_to_json

    at, space = "2026-01-01 00:00:00.000000", distribution_to_json(FloatDistribution(0, 1))
    steps = workbench.steps(REPORTS).tolist()
    with closing(sqlite3.connect(file)) as connection, connection:
        for number, values in enumerate(workbench.curves(finished, reports=REPORTS)):
            key = number + 1
            connection.execute(
                "INSERT INTO trials (trial_id, number, study_id, state, datetime_start, datetime_complete) "
                "VALUES (?, ?, ?, 'COMPLETE', ?, ?)",
                (key, number, study_id, at, at),
            )
            connection.execute(
                "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, 0, ?, 'FINITE')",
                (key, float(values[-1])),
            )
            connection.execute(
                "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)",
                (key, "x", 0.5, space),
            )
            connection.executemany(
                "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) "
                "VALUES (?, ?, ?, 'FINITE')",
                [(key, step, value) for step, value in zip(steps, values.tolist(), strict=True)],
            )


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--finished", type=int, default=10_000)
    parser.add_argument("--arrivals", type=int, default=40, help="trials that are timed")
    parser.add_argument("--policy", default="balanced")
    chosen = parser.parse_args()
    arriving = list(workbench.curves(chosen.arrivals, seed=1, reports=REPORTS))
    with tempfile.TemporaryDirectory() as directory:
        os.environ["ESPALIER_DATA_DIR"] = directory
        workbench.set_up(migrate=True)
        ours = time_ours(chosen.finished, arriving, chosen.policy)
        rows = [ours]
        for pruner in ("MedianPruner", "HyperbandPruner"):
            rows.append(time_optuna(chosen.finished, arriving, pruner, Path(directory)))
    print("| | Reports | Mean ms | Median ms | p99 ms | Ours / theirs |\n| - | -: | -: | -: | -: | -: |")
    for timing in rows:
        print(timing.row(float(np.mean(ours.spent))))


if __name__ == "__main__":
    main()
