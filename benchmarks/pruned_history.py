"""How far a study that was itself pruned can tell what another policy would have done to it.

    python benchmarks/pruned_history.py --curves DIR --tasks taskset,lora --histories 4 --every 10

Each recorded task is taken as a study's history: `--history` prunes it with a control arm of one in `--every`, and the
curves are cut where it stopped them. The policies are then played on what is left, as the lab and the safety gate do,
and on the whole curves, which are the truth. Prints by policy how often the best is lost in truth, by the estimate from
the control arm's complete curves, and by the bounds; the error of the estimate; and how many of the estimate's 95 %
intervals (from the orders, as many as there are complete curves) hold the truth.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from pruning.backtest import NAMED, Scores, Task, WorkFile, fitting, play  # noqa: E402  # not installed
from pruning.backtest.censored import censor  # noqa: E402
from pruning.backtest.tasks import obstacle  # noqa: E402
from pruning.control import draw  # noqa: E402
from pruning.curves import folder  # noqa: E402
from pruning.policy import Policy  # noqa: E402
from pruning.rules.base import Curve  # noqa: E402
from pruning.simulate import Ended, Pool, Recording, simulate  # noqa: E402

LOST = "lost"


@dataclass(frozen=True)
class Held:
    """One policy on one history: the share of orders that lose the best, told in three ways."""

    policy: str
    truth: float
    expected: float | None
    ends: tuple[float, float] | None
    bounds: tuple[float, float]


def main() -> None:
    """Play, and print a table as Markdown."""
    options = _options()
    held = [one for task in _tasks(options) for one in _histories(task, options)]
    print("| Policy | histories | lost in truth | estimated | bounds | bias | mean error | intervals that hold |")
    print("| - | -: | -: | -: | -: | -: | -: | -: |")
    for name in options.policies.split(","):
        print(_row(name, [one for one in held if one.policy == name]))


def _row(name: str, held: Sequence[Held]) -> str:
    known = [(one, one.expected) for one in held if one.expected is not None]
    if not known:
        return f"| {name} | {len(held)} | | nothing could be estimated | | | | |"
    errors = np.array([expected - one.truth for one, expected in known])
    inside = [one.ends[0] - 1e-9 <= one.truth <= one.ends[1] + 1e-9 for one, _ in known if one.ends is not None]
    truth, low, high = (
        float(np.mean(column)) for column in zip(*((one.truth, *one.bounds) for one, _ in known), strict=True)
    )
    return (
        f"| {name} | {len(known)} of {len(held)} | {truth:.0%} | {truth + errors.mean():.0%} | {low:.0%} to {high:.0%} "
        f"| {100 * errors.mean():+.0f} | {100 * np.abs(errors).mean():.0f} | {sum(inside)} of {len(inside)} |"
    )


def _histories(task: Task, options: argparse.Namespace) -> Iterator[Held]:
    makers = {name: NAMED[name] for name in options.policies.split(",")}
    for history in range(options.histories):
        places = np.random.default_rng(history).permutation(len(task.pool.recordings))[: options.trials].tolist()
        whole = replace(task, pool=task.pool.subset(places))
        cut = replace(whole, pool=pruned(whole.pool, Policy.from_mapping(options.history), options.every, history))
        if obstacle(whole.pool) or obstacle(cut.pool):
            continue
        policies = {name: fitting(make, whole.pool) for name, make in makers.items()}
        truth, told = (_scores(one, policies, options.orders) for one in (whole, cut))
        for name in policies:
            known, one = truth.study(task.name).estimate(name, LOST), told.study(task.name).estimate(name, LOST)
            held = Held(name, known.at_least, one.value, one.ends, (one.at_least, one.at_most))
            line = f"{task.name}, history {history}, {cut.censored} cut, {cut.control} in the control arm: {held}"
            print(line, file=sys.stderr, flush=True)
            yield held


def pruned(pool: Pool, policy: Policy, every: int, seed: int) -> Pool:
    """Return what is left of whole curves after a study that this policy pruned."""
    policy = replace(policy, safeguards=replace(policy.safeguards, control_every=every))
    run = simulate(pool, policy, seed=seed)
    found, cut = [], set()
    for number, (one, fate) in enumerate(zip(pool.recordings, run.fates, strict=True)):
        drawn = draw(seed=seed, suggestion=number, every=every)
        if fate.reports < len(one.curve) and fate.ended is not Ended.WAITING:
            cut.add(number)
            curve = Curve(steps=one.curve.steps[: fate.reports], values=one.curve.values[: fate.reports])
            found.append(Recording(name=one.name, curve=curve, spent=one.spent[: fate.reports]))
        else:
            found.append(replace(one, is_control=drawn is not None and drawn.is_member))
    return censor(replace(pool, recordings=tuple(found)), cut)


def _scores(task: Task, policies: dict[str, Policy], orders: int) -> Scores:
    with WorkFile(None) as work:
        return Scores(list(play(task, policies, orders=orders, workers=4, work=work)), list(policies))


def _tasks(options: argparse.Namespace) -> Iterator[Task]:
    wanted = [name for name in options.tasks.split(",") if name]
    for one in folder.tasks(options.curves, wanted=wanted):
        if isinstance(one, Task) and len(one.pool.recordings) >= 30 and math.isfinite(min(one.pool.outcomes)):
            yield one


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--curves", type=Path, default=HERE / "data")
    parser.add_argument("--tasks", default="", help="those whose names begin so, separated by commas")
    parser.add_argument("--history", default="balanced", help="the preset under which the past study ran")
    parser.add_argument("--every", type=int, default=10, help="one of so many trials was in its control arm")
    parser.add_argument("--trials", type=int, default=100, help="trials of a past study")
    parser.add_argument("--histories", type=int, default=4, help="past studies of each task")
    parser.add_argument("--orders", type=int, default=10)
    parser.add_argument("--policies", default="safe,balanced,fast,asha,median")
    return parser.parse_args()


if __name__ == "__main__":
    main()
