"""What one verdict costs: facts, judgement and evidence, without the commit.

    python benchmarks/verdict_cost.py --finished 100 10000 100000

A study with so many finished trials is put together in memory from the same events that a live study reads; then
trials of 20 reports each arrive, and at every look the reviewer's own steps are timed by the processor's clock:
taking in the observation, gathering the facts from the curve kept so far, judging, and making the ledger entry with
its sentence. Calibrations fall due as in a live study and count. The first verdict of a process puts the rungs in
order; it is shown apart.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import workbench  # noqa: E402  # the repository is not installed

REPORTS = 20


@dataclass(frozen=True)
class Cost:
    """Milliseconds of processor time of many verdicts."""

    finished: int
    first: float
    plain: list[float]
    """Without those that made a calibration."""
    calibrating: list[float]

    def row(self) -> str:
        """Return it as a row of a Markdown table."""
        every = np.array(self.plain + self.calibrating)
        worst = f"{max(self.calibrating):.1f}" if self.calibrating else "-"
        return (
            f"| {self.finished:,} | {len(every):,} | {np.median(every):.3f} | {np.quantile(every, 0.99):.2f} "
            f"| {every.max():.1f} | {len(self.calibrating)} | {worst} | {self.first:.0f} |"
        )


def measure(finished: int, arrivals: int, policy: str) -> Cost:
    """Return the cost of the verdicts on trials that arrive after so many finished ones."""
    from pruning.entries import of_verdict as entry_of

    study = workbench.GrownStudy(policy, finished=finished, reports=REPORTS)
    plain: list[float] = []
    calibrating: list[float] = []
    started = time.process_time()
    first = study.arrive(next(workbench.curves(1, seed=2, reports=REPORTS)))
    for look in study.looks:
        first.judge(look)
    cold = 1e3 * (time.process_time() - started)
    for values in workbench.curves(arrivals, seed=1, reports=REPORTS):
        arrival = study.arrive(values)
        for look in study.looks:
            before = study.calibration
            started = time.process_time()
            verdict = arrival.judge(look)
            entry_of(verdict, arrival.trial, 1, 1, study.fingerprint)
            spent = 1e3 * (time.process_time() - started)
            (plain if study.calibration is before else calibrating).append(spent)
            if verdict.kind.halts:
                break
    return Cost(finished, cold, plain, calibrating)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--finished", type=int, nargs="*", default=[100, 10_000, 100_000])
    parser.add_argument("--arrivals", type=int, default=400, help="trials that are judged")
    parser.add_argument("--policy", default="balanced")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        os.environ["ESPALIER_DATA_DIR"] = directory
        workbench.set_up(migrate=True)
        print(
            "| Finished | Verdicts | Median ms | p99 ms | Worst ms | Calibrations | Worst of them ms | First trial ms |"
        )
        print("| -: | -: | -: | -: | -: | -: | -: | -: |")
        for finished in chosen.finished:
            print(measure(finished, chosen.arrivals, chosen.policy).row(), flush=True)


if __name__ == "__main__":
    main()
