"""What the divergence gate's test for runaways stops on recorded curves, and how often that loses the best.

    python benchmarks/divergence_gate.py --curves DIR

The gate judges every run alone, as it comes (its test for values that are not finite is left out: nothing could go
on there anyway), in two forms: measured from the first value, as it is, and from the best value, as it was. Then
pools are drawn, and the best run of each is lost if the gate stopped it, whatever its best value had been before.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import recorded  # noqa: E402  # the repository is not installed

from pruning.rules.base import Curve, Facts, Kind  # noqa: E402
from pruning.rules.divergence import Divergence  # noqa: E402
from pruning.simulate import Pool  # noqa: E402

POOLS, POOL = 300, 100


@dataclass(frozen=True, kw_only=True)
class FromBest(Divergence):
    """The gate as it was: it measured from the best value so far."""

    def _limit_passed(self, curve: Curve, best: NDArray[np.float64], index: int) -> bool:
        limit = self._limit(curve, best, index)[0]
        return bool(0 < limit < curve.values[index] - best[index])


FORMS = {"from the first value": Divergence(), "from the best value": FromBest()}


def stopped_at(pool: Pool, number: int, gate: Divergence) -> int | None:
    """Return how many reports a run had made when the gate stopped it as a runaway; None if it did not."""
    curve = pool.recordings[number].curve
    for n in range(gate.reports + 1, len(curve) + 1):
        so_far = Curve(steps=curve.steps[:n], values=curve.values[:n])
        facts = Facts(
            metric=pool.metric,
            maximize=pool.maximize,
            step=int(curve.steps[n - 1]),
            horizon=pool.horizon,
            trial=number,
            curve=so_far,
        )
        verdict = gate.judge(facts)
        if verdict.kind is Kind.STOP:
            return n if verdict.evidence["test"] == "runaway" else None
    return None


def measure(pool: Pool, gate: Divergence, random: np.random.Generator) -> tuple[int, float, float, float]:
    """Return (runs stopped, share of the compute saved, share of pools whose best was lost, mean regret)."""
    ends = np.array(pool.outcomes)
    at = [stopped_at(pool, number, gate) for number in range(len(ends))]
    stopped = np.array([n is not None for n in at])
    lengths = np.array([len(recording.curve) for recording in pool.recordings])
    saved = sum(1 - n / length for n, length in zip(at, lengths, strict=True) if n is not None) / len(ends)
    lost, regrets = 0, []
    for _ in range(POOLS):
        drawn = random.choice(len(ends), min(POOL, int(0.8 * len(ends))), replace=False)
        best, median = ends[drawn].min(), np.median(ends[drawn])
        in_hand = ends[drawn][~stopped[drawn]].min()
        lost += in_hand > best
        regrets.append((in_hand - best) / (median - best) if median > best else 0.0)
    return int(stopped.sum()), saved, lost / POOLS, float(np.mean(regrets))


def main() -> None:
    """Measure every task and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--curves", type=Path, required=True, help="folder of recorded curves")
    parser.add_argument("--tasks", nargs="*", default=[], help="beginnings of task names; all if none is given")
    chosen = parser.parse_args()
    print("| Task | Form | Stopped | Compute saved | Best lost | Regret |\n| - | - | -: | -: | -: | -: |")
    saved: dict[str, list[float]] = {form: [] for form in FORMS}
    for task in recorded.tasks(chosen.curves, wanted=chosen.tasks):
        for form, gate in FORMS.items():
            n, share, lost, regret = measure(task.pool, gate, np.random.default_rng(0))
            saved[form].append(share)
            print(f"| {task.name} | {form} | {n} | {share:.1%} | {lost:.0%} | {regret:.3f} |", flush=True)
    for form, shares in saved.items():
        print(f"| mean of {len(shares)} tasks | {form} | | {np.mean(shares):.1%} | | |")


if __name__ == "__main__":
    main()
