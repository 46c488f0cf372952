"""What is to be played: every study with the policies that fit it, and by name what cannot be played."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pruning.backtest.named import Maker, fitting
from pruning.backtest.tasks import Skipped, Task, obstacle
from pruning.policy import Policy
from pruning.rules.settings import PolicyError
from pruning.simulate import draw_pool

Plan = list[tuple[Task, dict[str, Policy]]]


class NothingToPlay(ValueError):
    """No study can be played, or a policy fits none; the message names every reason, a line each."""


def planned(found: Iterable[Task | Skipped], makers: Mapping[str, Maker]) -> tuple[Plan, list[Skipped]]:
    """Return what can be played and what not; NothingToPlay if nothing can, or a policy fits no study."""
    read = list(found)
    skipped = [one for one in read if isinstance(one, Skipped)]
    known = [one for one in read if isinstance(one, Task)]
    if not known:
        raise NothingToPlay("\n".join(["There is nothing to play on.", *(f"  {one}" for one in skipped)]))
    plan: Plan = []
    for task in known:
        fit: dict[str, Policy] = {}
        for name, make in makers.items():
            try:
                fit[name] = fitting(make, task.pool)
            except PolicyError as error:
                skipped.append(Skipped(task=task.name, policy=name, reason="; ".join(map(str, error.problems))))
        if fit:
            plan.append((task, fit))
    for name in makers:
        if not any(name in fit for _, fit in plan):
            reasons = [f"  {one.task}: {one.reason}" for one in skipped if one.policy == name]
            raise NothingToPlay("\n".join([f"The policy {name} fits none of the studies:", *reasons]))
    return plan, skipped


def undrawn(plan: Plan, played: Iterable[str]) -> list[Skipped]:
    """Return the studies of which no order could be played; played: the names of the others."""
    reason = "no order drew two complete curves that differ: let more trials run to an end"
    known = set(played)
    return [Skipped(task=task.name, reason=reason) for task, _ in plan if task.name not in known]


def fingerprints(plan: Plan, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the fingerprint of every policy by its name and the study's."""
    return {
        name: {task.name: policies[name].fingerprint for task, policies in plan if name in policies} for name in names
    }


def cells_of(plan: Plan, orders: int) -> int:
    """Return how many cells the plan has."""
    return orders * sum(len(policies) for _, policies in plan)


def oracle_of(task: Task, orders: int) -> dict[int, float] | None:
    """Return by order the compute of one who knows the winner: every trial's first report, and the winner's end.

    None where recordings break off: nobody knows the winner then. Orders that cannot be played are left out.
    """
    if task.censored:
        return None
    found: dict[int, float] = {}
    for order in range(orders):
        pool = task.pool.subset(draw_pool(name=task.name, size=len(task.pool.recordings), order=order))
        if obstacle(pool):
            continue
        winner = pool.recordings[pool.outcomes.index(min(pool.outcomes))]
        first = sum(float(one.spent[0]) for one in pool.recordings)
        found[order] = (first + winner.cost - float(winner.spent[0])) / pool.full_cost
    return found
