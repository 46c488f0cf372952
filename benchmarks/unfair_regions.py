"""How often the test for unfairly pruned regions finds one that is there, and how often one that is not.

    python benchmarks/unfair_regions.py --studies 200

Studies are simulated with the product's policies. Every trial has three parameters, uniform from 0 to 1, and a
falling curve whose end depends smoothly on them. Where a region is pruned wrongly by construction, trials in the upper
quarter of the first parameter fall slowly and end lower than all others promise; in the fair studies pace and end have
nothing to do with each other, though a quarter of the range is simply worse. Power is the share of the wrong studies in
which the test names a stretch that overlaps that quarter; a false alarm is any finding in a fair study.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the repository is not installed

from pruning.control import draw
from pruning.halted.outcomes import Outcomes, Places
from pruning.halted.regions import unfair
from pruning.policy import Policy
from pruning.simulate import Ended, Pool, Recording, simulate

HORIZON = 64
STEPS = np.arange(2, HORIZON + 1, 2)
SLOW = 0.75
"""The first parameter's value from which on trials fall slowly, where they do."""
POLICIES: Mapping[str, object] = {
    "balanced": "balanced",
    "fast": "fast",
    "asha 3": {"strategy": {"rule": "asha", "eta": 3}, "looks": [4, 12, 36], "safeguards": {"control_every": 20}},
    "median": {
        "strategy": {"rule": "percentile", "keep": 50},
        "looks": [4, 8, 16, 32],
        "safeguards": {"control_every": 20},
    },
    "asha 3, control 1 in 10": {
        "strategy": {"rule": "asha", "eta": 3},
        "looks": [4, 12, 36],
        "safeguards": {"control_every": 10},
    },
}


def pool(n: int, *, seed: int, is_wrong: bool) -> tuple[Pool, NDArray[np.float64]]:
    """Return a pool of curves and the parameters, float64[n, 3], that they were made from."""
    random = np.random.default_rng(seed)
    params = random.uniform(size=(n, 3))
    ends = 2.0 + 1.2 * (params[:, 1] - 0.4) ** 2 + random.normal(0, 0.08, n)
    pace = random.uniform(0.06, 0.12, n)
    slow = params[:, 0] >= SLOW
    if is_wrong:
        pace = np.where(slow, pace * 0.4, pace)
        ends = np.where(slow, ends - 0.6, ends)
    else:
        ends = np.where(slow, ends + 0.15, ends)
    starts = random.normal(4.0, 0.3, n)
    recordings = []
    for number in range(n):
        fall = (starts[number] - ends[number]) * np.exp(-pace[number] * STEPS)
        values = ends[number] + fall + random.normal(0, 0.03, len(STEPS))
        recordings.append(Recording.of(str(number), STEPS, values))
    return Pool(metric="val_loss", maximize=False, horizon=HORIZON, recordings=tuple(recordings)), params


def outcomes(made: Pool, params: NDArray[np.float64], policy: Policy, *, seed: int) -> Outcomes:
    """Play a study and return what became of its trials."""
    run = simulate(made, policy, seed=seed)
    spared = {judged.trial for judged in run.verdicts if judged.verdict.kind == "PROTECT"}
    ended = [fate.ended for fate in run.fates]
    kinds = [
        ("control" if number in spared else "finished") if how is Ended.COMPLETE else "speed"
        for number, how in enumerate(ended)
    ]
    looks = policy.grid(horizon=HORIZON, report_steps=STEPS.tolist())
    places = [*np.searchsorted(STEPS, looks), len(STEPS) - 1]
    values = np.array([np.minimum.accumulate(one.curve.values)[places] for one in made.recordings])
    reports = np.array([fate.reports for fate in run.fates])
    values[reports[:, None] <= np.array(places)[None, :]] = np.nan
    return Outcomes(
        looks=looks,
        number=np.arange(len(kinds)),
        kind=kinds,
        reason=[""] * len(kinds),
        step=STEPS[np.maximum(reports, 1) - 1],
        at_looks=values,
        control=np.array([_is_member(number, policy, seed) for number in range(len(kinds))]),
        places={f"p{column}": Places(f"p{column}", params[:, column]) for column in range(params.shape[1])},
    )


def _is_member(number: int, policy: Policy, seed: int) -> bool:
    drawn = draw(seed=seed, suggestion=number, every=policy.safeguards.control_every)
    return drawn is not None and drawn.is_member


def main() -> None:
    """Print power and false alarms by policy and size of the study."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 200, 400])
    chosen = parser.parse_args()
    print("| Policy | Trials | Stopped in the slow quarter | Spared there | Power | False alarms |")
    print("| - | -: | -: | -: | -: | -: |")
    for name, spec in POLICIES.items():
        policy = Policy.from_mapping(spec)
        for n in chosen.trials:
            hits, alarms, stopped, spared = 0, 0, [], []
            for seed in range(chosen.studies):
                made, params = pool(n, seed=seed, is_wrong=True)
                found = outcomes(made, params, policy, seed=seed)
                inside = params[:, 0] >= SLOW
                stopped.append(found.stopped[inside].mean())
                spared.append(int((found.spared & inside).sum()))
                hits += any(one.region.name == "p0" and one.region.high > SLOW for one in unfair(found, seed=seed))
                made, params = pool(n, seed=10_000 + seed, is_wrong=False)
                alarms += bool(unfair(outcomes(made, params, policy, seed=seed), seed=seed))
            power, false = hits / chosen.studies, alarms / chosen.studies
            print(
                f"| {name} | {n} | {np.mean(stopped):.0%} | {np.mean(spared):.1f} | {power:.0%} | {false:.1%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
