"""Rules that pause trials say which of them goes on next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from pruning.rules.base import Curve, Facts, Verdict
from pruning.rules.groups import Split


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A paused trial."""

    trial: int
    step: int
    """The decision point at which it was paused."""
    key: float
    """What it was ranked by, lower is better."""
    keep: float | None = None
    """The share that went on when it was paused; None if it waits for more trials to come."""


@runtime_checkable
class Resuming(Protocol):
    """A strategy that answers with PAUSE and RESUME."""

    def next_to_resume(self, facts: Facts, waiting: Sequence[Waiting], *, is_closing: bool) -> Verdict | None:
        """Return the RESUME of the paused trial that should go on, or None while nobody should."""


def leaders(waiting: Sequence[Waiting], split: Split | None = None) -> list[Waiting]:
    """Return the best paused trial of every decision point (and group), the highest decision point first.

    Within one decision point and group nobody goes on before the best does, and whoever has no finite value never
    goes on. So these are all that need to be asked about, however many are paused.
    """
    best: dict[tuple[int, int], Waiting] = {}
    for one in waiting:
        if math.isfinite(one.key):
            place = one.step, split.group_of(one.trial) if split else 0
            best[place] = min(best.get(place, one), one, key=lambda paused: (paused.key, paused.trial))
    return sorted(best.values(), key=lambda one: (-one.step, one.key, one.trial))


def as_paused(facts: Facts, paused: Waiting) -> Facts:
    """Return the facts of now with a paused trial as the one that is judged, by what it was ranked by."""
    curve = Curve.of([paused.step], [facts.told(paused.key)])
    return replace(facts, step=paused.step, trial=paused.trial, curve=curve)
