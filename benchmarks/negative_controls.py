"""Show what policies do on made-up studies whose right answer is known: compute, best lost and regret.

python benchmarks/negative_controls.py --seeds 8
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the repository is not installed

from pruning.looks import Geometric
from pruning.policy import Policy
from pruning.rules.asha import Asha
from pruning.rules.base import Rule
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.rules.divergence import Divergence
from pruning.safeguards import Safeguards
from pruning.simulate import outcome_of, simulate
from tests.pruning import negative_controls as studies


def made(strategy: Rule, *, factor: float = 2.0, control_every: int = 0) -> Policy:
    """Return a policy that stops what is not a number and judges from the first report on."""
    return Policy(
        looks=Geometric(first=1, factor=factor),
        gates=(Divergence(grace=studies.REPORTS),),
        strategy=strategy,
        safeguards=Safeguards(min_peers=0, top_k=0, control_every=control_every),
    )


STOP, PAUSE = CalibratedHalving(), CalibratedHalving(action="pause")
POLICIES = {
    "asha 3": made(Asha(eta=3.0), factor=3.0),
    "stop 20 %": made(STOP),
    "pause 20 %": made(PAUSE),
    "stop 20 %, control in 5": made(STOP, control_every=5),
    "pause 20 %, control in 5": made(PAUSE, control_every=5),
}
STUDIES = (studies.independent, studies.noise, studies.ordered, studies.diverging, studies.reversed_order)


def main() -> None:
    """Print one row per kind of study and policy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8)
    seeds = range(parser.parse_args().seeds)
    print("| Study | Policy | Compute | Best lost | Regret |\n| - | - | -: | -: | -: |")
    for make in STUDIES:
        for name, policy in POLICIES.items():
            found = [outcome_of(make(seed), simulate(make(seed), policy, seed=seed)) for seed in seeds]
            compute, regret = (np.mean([getattr(one, what) for one in found]) for what in ("compute", "regret"))
            lost = f"{sum(one.lost for one in found)} of {len(found)}"
            print(f"| {make.__name__} | {name} | {100 * compute:.0f} % | {lost} | {regret:.3f} |", flush=True)


if __name__ == "__main__":
    main()
