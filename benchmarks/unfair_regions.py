"""How often the test for unfairly pruned regions finds one that is there, and how often one that is not.

    OPENBLAS_NUM_THREADS=1 python benchmarks/unfair_regions.py --studies 200

Studies are simulated with the product's policies. Every trial has three parameters, uniform from 0 to 1, and a
falling curve whose end depends smoothly on them. Where a region is pruned wrongly by construction, trials in the upper
quarter of the first parameter fall slowly and end lower than all others promise; in the fair studies pace and end have
nothing to do with each other, though a quarter of the range is simply worse. Power is the share of the wrong studies in
which the test names a stretch that overlaps that quarter; a false alarm is any finding in a fair study. Both are also
counted without a smallest gain worth telling. In large studies the least of differences is beyond chance: of those it
prints what is named, and what would be without that gain.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the repository is not installed

from pruning.control import draw
from pruning.halted.outcomes import Outcomes, Places
from pruning.halted.regions import SMALLEST_GAIN, Unfair, unfair
from pruning.intervals import clopper_pearson
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


@dataclass
class Tally:
    """What the test said of studies of each kind."""

    studies: int = 0
    hits: int = 0
    """Wrong studies in which a stretch that overlaps the slow quarter was named."""
    others: int = 0
    """Wrong studies in which a stretch of another parameter was named."""
    alarms: int = 0
    """Fair studies in which anything was named."""
    hits_of_any: int = 0
    """The hits had any gain been worth telling."""
    alarms_of_any: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))

    def cells(self) -> str:
        """Return the counts as cells of a table, shares with their 95 % intervals (Clopper and Pearson)."""
        shares = f"{self._share(self.hits)} | {self.others} | {self.alarms} | {self._share(self.alarms)}"
        return f"{self.studies} | {shares} | {self.hits_of_any / self.studies:.1%} | {self.alarms_of_any}"

    def _share(self, n: int) -> str:
        low, high = clopper_pearson(n, self.studies)
        return f"{n / self.studies:.1%} ({low:.1%} to {high:.1%})"


def tried(n: int, policy: Policy, *, studies: int) -> tuple[Tally, str]:
    """Return what the test said of studies of n trials, and in cells what it had to go by."""
    tally, stopped, control = Tally(studies), [], []
    for seed in range(studies):
        made, params = pool(n, seed=seed, is_wrong=True)
        wrong = outcomes(made, params, policy, seed=seed)
        stopped.append(wrong.stopped[params[:, 0] >= SLOW].mean())
        control.append(int(wrong.control.sum()))
        named = unfair(wrong, seed=seed)
        tally.hits += is_hit(named)
        tally.hits_of_any += is_hit(unfair(wrong, margin=0.0, seed=seed))
        tally.others += any(one.region.name != "p0" for one in named)
        made, params = pool(n, seed=10_000 + seed, is_wrong=False)
        fair = outcomes(made, params, policy, seed=seed)
        tally.alarms += bool(unfair(fair, seed=seed))
        tally.alarms_of_any += bool(unfair(fair, margin=0.0, seed=seed))
    return tally, f"{np.mean(stopped):.0%} | {np.mean(control):.0f}"


def is_hit(named: Sequence[Unfair]) -> bool:
    """Say whether a stretch that overlaps the slow quarter is among those named."""
    return any(one.region.name == "p0" and one.region.high > SLOW for one in named)


def named_in(n: int, policy: Policy, *, seed: int, is_wrong: bool) -> str:
    """Return what the test names in one study, and what it would without a smallest gain, in two cells."""
    made, params = pool(n, seed=seed, is_wrong=is_wrong)
    played = outcomes(made, params, policy, seed=seed)
    return " | ".join(told(unfair(played, margin=margin, seed=seed)) for margin in (SMALLEST_GAIN, 0.0))


def told(named: Sequence[Unfair]) -> str:
    """Return stretches with their gains and the lower limits on them."""
    each = (
        f"{one.region.name} {one.region.low:g} to {one.region.high:g}: {one.gain:.3f}, at least {one.least:.3f}"
        for one in named
    )
    return "; ".join(each) or "nothing"


def machine() -> str:
    """Return what the figures were measured on."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    cpu = model[1] if model else platform.machine()
    return f"{os.cpu_count()} cores, {cpu}, Python {platform.python_version()}, numpy {np.__version__}"


def tabulate(policies: Mapping[str, Policy], sizes: Sequence[int], *, studies: int) -> None:
    """Print power and false alarms by policy and size of the study."""
    heads = ["Policy", "Trials", "Stopped in the slow quarter", "Control", "Studies", "Power", "Others", "Alarms"]
    heads += ["False alarms", "Power, any gain", "Alarms, any gain"]
    print(f"| {' | '.join(heads)} |\n| - |{' -: |' * (len(heads) - 1)}")
    total = Tally()
    for name, policy in policies.items():
        whole = Tally()
        for n in sizes:
            tally, by = tried(n, policy, studies=studies)
            whole += tally
            print(f"| {name} | {n} | {by} | {tally.cells()} |", flush=True)
        total += whole
        print(f"| {name} | all | | | {whole.cells()} |", flush=True)
    print(f"| all | all | | | {total.cells()} |")


def main() -> None:
    """Print power and false alarms by policy and size of the study, and what is named in large ones."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--trials", type=int, nargs="*", default=[100, 200, 400])
    parser.add_argument("--policies", nargs="+", choices=sorted(POLICIES), default=list(POLICIES))
    parser.add_argument("--large", type=int, default=10_000, help="trials of a large study")
    parser.add_argument("--large-studies", type=int, default=2, help="large studies of each kind and policy")
    chosen = parser.parse_args()
    began = time.process_time()
    policies = {name: Policy.from_mapping(POLICIES[name]) for name in chosen.policies}
    print(f"{machine()}. Smallest gain worth telling: {SMALLEST_GAIN:.0%} of all ranks.\n")
    if chosen.trials:
        tabulate(policies, chosen.trials, studies=chosen.studies)
    if chosen.large_studies:
        print(f"\n| Policy, {chosen.large:,} trials | Study | Named | Named, any gain |\n| - | - | - | - |")
    for name, policy in policies.items():
        for seed in range(chosen.large_studies):
            for is_wrong in (False, True):
                named = named_in(chosen.large, policy, seed=seed, is_wrong=is_wrong)
                print(f"| {name} | {'wrong' if is_wrong else 'fair'} | {named} |", flush=True)
    print(f"\n{(time.process_time() - began) / 60:.0f} minutes of CPU.")


if __name__ == "__main__":
    main()
