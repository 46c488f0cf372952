"""Playing named policies on one study's curves, for its card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from pruning.backtest import NAMED, Cell, Maker, Scores, Task, WorkFile, fitting, play
from pruning.backtest.named import as_given
from pruning.library.card import FIGURES, Played
from pruning.policy import Policy
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.rules.settings import PolicyError

ORDERS, WORKERS = 10, 4
OWN = "own"
"""What the policy is called that the study itself ran under, where it is none of the named."""
STOPPING = ", stopping"
"""Follows the name of a preset that stops where it would pause: studies of other programs keep no checkpoints here."""


def stopping(policy: Policy) -> Policy:
    """Return the policy with stops in place of pauses."""
    if not isinstance(policy.strategy, CalibratedHalving):
        return policy
    return replace(policy, strategy=replace(policy.strategy, action="stop"))


def _preset(name: str) -> Policy:
    return Policy.from_mapping(name)


CARD_POLICIES: Mapping[str, Maker] = {
    **{name: NAMED[name] for name in ("safe", "balanced", "payoff", "fast")},
    **{f"{name}{STOPPING}": as_given(stopping(_preset(name))) for name in ("safe", "balanced")},
    **{name: NAMED[name] for name in ("asha", "hyperband", "median")},
}
"""What every card tells about: the presets that prune, and other tools' rules to compare them with."""


def makers(own: Policy | None = None) -> dict[str, Maker]:
    """Return the policies that a card tells about; own: what the study ran under, if it pruned."""
    found = dict(CARD_POLICIES)
    known = {_fingerprint(make) for name, make in found.items() if name not in {"asha", "hyperband", "median"}}
    if own is not None and own.strategy is not None and own.fingerprint not in known:
        found[OWN] = as_given(own)
    return found


def _fingerprint(make: Maker) -> str:
    return make(None).fingerprint  # type: ignore[arg-type]  # a preset is the same whatever the pool


def played(
    task: Task,
    makers: Mapping[str, Maker],
    *,
    orders: int = ORDERS,
    workers: int = WORKERS,
    progress: Callable[[str, float, float], None] = lambda text, done, total: None,
) -> tuple[Played, ...]:
    """Return what every policy that fits made of a study's curves; its interval is drawn over the orders."""
    fit: dict[str, Policy] = {}
    for name, make in makers.items():
        try:
            fit[name] = fitting(make, task.pool)
        except PolicyError:
            continue
    cells: list[Cell] = []
    with WorkFile(None) as work:
        for cell in play(task, fit, orders=orders, workers=workers, work=work):
            cells.append(cell)
            progress(f"playing {cell.policy}: order {cell.order + 1} of {orders}", len(cells), orders * len(fit))
    if not cells:
        return ()
    scores = Scores(cells, list(fit))
    return tuple(_played(name, fit[name], scores, task) for name in scores.played(task.name))


def _played(name: str, policy: Policy, scores: Scores, task: Task) -> Played:
    summary = scores.study(task.name)
    figures = {figure: summary.estimate(name, figure) for figure in FIGURES}
    is_estimated = any(one.expected is not None for one in figures.values())
    return Played(
        name=name,
        fingerprint=policy.fingerprint,
        orders=scores.orders,
        control=task.control if is_estimated else 0,
        broken_off=task.censored if is_estimated else 0,
        **figures,
    )
