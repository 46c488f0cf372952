"""What the demo's policy costs and loses against training every configuration to its end.

    python benchmarks/demo_cost.py --curves benchmarks/data

Replays the plan's own policy (and any preset named) on the curves that `record_curves.py` recorded: the same
configurations in the same order, two workers, cost in training examples. Trial 0 is not pinned in a replay. The noise
between seeds is the sample standard deviation of the best value over the repeats of the defaults.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import recorded  # noqa: E402  # the repository is not installed

from pruning.policy import Policy  # noqa: E402
from pruning.simulate import Ended, Pool, simulate  # noqa: E402

WORKERS = 2
REPEATS = "repeats"


@dataclass(frozen=True)
class Result:
    """One replayed study."""

    study: str
    policy: str
    n_trials: int
    share: float
    """Examples trained, of those that training everything takes."""
    best_in_hand: float
    best_of_all: float
    complete: int
    pruned: int

    @property
    def lost(self) -> float:
        """Return how much worse the value in hand is than the pool's best, in units of the metric."""
        return abs(self.best_in_hand - self.best_of_all)


def replay(name: str, label: str, pool: Pool, policy: Policy, *, seed: int) -> Result:
    """Replay one study under one policy."""
    run = simulate(pool, policy, workers=WORKERS, seed=seed)
    complete = [fate.best for fate in run.fates if fate.ended is Ended.COMPLETE]
    return Result(
        study=name,
        policy=label,
        n_trials=len(run.fates),
        share=run.spent / pool.full_cost,
        best_in_hand=min(complete),
        best_of_all=min(pool.outcomes),
        complete=len(complete),
        pruned=sum(fate.ended in {Ended.PRUNED, Ended.PAUSED} for fate in run.fates),
    )


def noise(pools: dict[str, Pool]) -> float:
    """Return the standard deviation between seeds of one configuration's best value."""
    return statistics.stdev(next(pool for name, pool in pools.items() if name.endswith(REPEATS)).outcomes)


def report(results: list[Result], sigma: float) -> str:
    """Return a Markdown table, a row per study and policy, and the means."""
    lines = [
        "| Policy | Study | Trials | Examples trained | Best in hand | Best of all | Lost | Complete / stopped |",
        "| - | - | -: | -: | -: | -: | -: | -: |",
    ]
    for r in results:
        lines.append(
            f"| {r.policy} | {r.study} | {r.n_trials} | {r.share:.1%} | {r.best_in_hand:.4f} | {r.best_of_all:.4f} "
            f"| {r.lost:.4f} | {r.complete} / {r.pruned} |"
        )
    for policy in dict.fromkeys(r.policy for r in results):
        mine = [r for r in results if r.policy == policy]
        lines.append(
            f"| **{policy}** | mean | | **{np.mean([r.share for r in mine]):.1%}** | | "
            f"| **{np.mean([r.lost for r in mine]):.4f}** | |"
        )
    return "\n".join([*lines, "", f"Noise between seeds: {sigma:.4f}; twice that: {2 * sigma:.4f}."])


def main() -> None:
    """Replay every recorded study of the demo and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--curves", type=Path, default=HERE / "data")
    parser.add_argument("--plan", type=Path, default=HERE.parent / "examples" / "lora_lm.yaml")
    parser.add_argument("--presets", nargs="*", default=["balanced", "off"], help="policies beside the plan's own")
    arguments = parser.parse_args()
    plan = yaml.safe_load(arguments.plan.read_text())
    index = json.loads((arguments.curves / "index.json").read_text())
    pools = {entry["name"]: recorded.read(arguments.curves, entry, by_step=True) for entry in index}
    policies = {"the plan's": plan["policy"], **{name: name for name in arguments.presets}}
    results = [
        replay(name, label, pool, Policy.from_mapping(policy), seed=seed)
        for label, policy in policies.items()
        for seed, (name, pool) in enumerate(sorted(pools.items()))
        if not name.endswith(REPEATS)
    ]
    print(report(results, noise(pools)))


if __name__ == "__main__":
    main()
