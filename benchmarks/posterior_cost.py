"""Show what forecasting learning curves costs: the ends of many trials at once, and one verdict of `posterior`.

python benchmarks/posterior_cost.py --trials 1000 --runs 21
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the repository is not installed

from pruning.learning_curves import Prior, basis, forecast
from pruning.population import Population
from pruning.rules.base import Curve, Facts
from pruning.rules.posterior import Posterior

HORIZON, LOOKS, POINTS = 64, (4, 8, 16, 32), 20
SHARE = 0.5
"""Of the training, at which all is forecast."""


def main() -> None:
    """Print the median CPU time of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=21)
    arguments = parser.parse_args()
    trials, runs = arguments.trials, arguments.runs
    curves = power_laws(trials)
    facts = facts_of(curves)
    rule = Posterior(in_a_row=1)
    print(f"CPU time, median of {runs} runs, {trials:,} trials that have ended\n\n| What | ms |\n| - | -: |")
    print(f"| chances of all {trials:,} trials at once, {POINTS} points each | {cost(batch(curves), runs):.2f} |")
    print(f"| one verdict of `posterior` | {cost(lambda: rule.judge(facts), runs):.2f} |")


def cost(action: Callable[[], object], runs: int) -> float:
    """Return the median CPU milliseconds of an action, after one run that is not counted."""
    action()
    times = []
    for _ in range(runs):
        began = time.process_time()
        action()
        times.append(time.process_time() - began)
    return 1000 * median(times)


def power_laws(trials: int) -> np.ndarray:
    """Return made-up curves, trials × steps."""
    random = np.random.default_rng(0)
    ends, gains, powers = (random.uniform(low, high, (trials, 1)) for low, high in ((0.5, 2.5), (0.5, 3), (0.3, 1.2)))
    noise = random.normal(0, 0.01, (trials, HORIZON))
    curves: np.ndarray = ends + gains * np.arange(1, HORIZON + 1) ** -powers + noise
    return curves


def batch(curves: np.ndarray) -> Callable[[], object]:
    """Return the work of telling every trial's chance to end below the best from its first points."""
    at = round(SHARE * HORIZON)
    steps = np.linspace(1, at, POINTS).astype(int)
    ends, now = curves[:, -1], curves[:, at - 1]
    scale = float(ends.std())
    prior = Prior.of((ends - ends.mean()) / scale, (now - ends) / scale)
    points = (curves[:, steps - 1].T - ends.mean()) / scale
    target = float(points.min())
    return lambda: forecast(points, basis(steps.tolist(), at=at, horizon=HORIZON), prior).chance_below(target)


def facts_of(curves: np.ndarray) -> Facts:
    """Return the facts of the last trial at half its length, all others having ended."""
    population = Population()
    best = np.minimum.accumulate(curves, axis=1)
    for trial, values in enumerate(curves[:-1]):
        for step in (*LOOKS, HORIZON):
            population.observe(trial, step, value=float(values[step - 1]), best=float(best[trial, step - 1]))
        population.complete(trial)
    own, at = len(curves) - 1, round(SHARE * HORIZON)
    for step in (look for look in LOOKS if look <= at):
        population.observe(own, step, value=float(curves[own, step - 1]), best=float(best[own, step - 1]))
    return Facts(
        metric="val_loss",
        maximize=False,
        step=at,
        horizon=HORIZON,
        trial=own,
        curve=Curve.of(range(1, at + 1), curves[own, :at]),
        looks=LOOKS,
        peers=population,
    )


if __name__ == "__main__":
    main()
