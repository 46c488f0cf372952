"""What stopping saved, against what the stopped trials would have cost at this study's own pace."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple


class Halted(NamedTuple):
    """A trial that a rule ended before its planned length."""

    step: int
    steps_trained: int
    """Over all its attempts."""
    seconds: float
    """Slot seconds over all its attempts; 0: not measured."""
    rule: str = ""
    motive: str = ""
    on_gpu: bool = False


@dataclass(frozen=True, kw_only=True)
class Saved:
    """Compute that was not spent."""

    trials: int
    steps: int
    seconds: float | None
    """At each trial's own seconds per step, where it has none at the study's median; None if nobody has."""
    gpu_hours: float
    """The part of it on GPUs, in hours; 0 where none was used."""
    by_median: int
    """Trials without a pace of their own, for which the median stands in."""


@dataclass(frozen=True, kw_only=True)
class Savings:
    """What was saved in all, by rule and by motive, each the largest first."""

    total: Saved
    median_pace: float | None
    """Seconds per step, the median over all trials of this study that trained."""
    by_rule: Sequence[tuple[str, Saved]]
    by_motive: Sequence[tuple[str, Saved]]


def savings(halted: Sequence[Halted], paces: Iterable[float], *, horizon: int) -> Savings:
    """Return what was saved; paces: seconds per step of every trial that trained, the halted ones included."""
    known = [pace for pace in paces if pace > 0 and math.isfinite(pace)]
    pace = median(known) if known else None

    def of(some: Sequence[Halted]) -> Saved:
        return _saved(some, pace, horizon)

    def by(name: Callable[[Halted], str]) -> list[tuple[str, Saved]]:
        names = sorted({name(one) for one in halted})
        rows = [(each, of([one for one in halted if name(one) == each])) for each in names]
        return sorted(rows, key=lambda row: (-row[1].steps, row[0]))

    return Savings(
        total=of(halted),
        median_pace=pace,
        by_rule=by(lambda one: one.rule),
        by_motive=by(lambda one: one.motive),
    )


def own_pace(one: Halted) -> float | None:
    """Return a trial's own seconds per step; None if it was not measured."""
    return one.seconds / one.steps_trained if one.seconds > 0 and one.steps_trained > 0 else None


def _saved(halted: Sequence[Halted], pace: float | None, horizon: int) -> Saved:
    left = [max(0, horizon - one.step) for one in halted]
    own = [own_pace(one) for one in halted]
    paces = [mine if mine is not None else pace for mine in own]
    seconds = [steps * each if each is not None else None for steps, each in zip(left, paces, strict=True)]
    known = [each for each in seconds if each is not None]
    on_gpu = [each for each, one in zip(seconds, halted, strict=True) if each is not None and one.on_gpu]
    return Saved(
        trials=len(halted),
        steps=sum(left),
        seconds=math.fsum(known) if known or not halted else None,
        gpu_hours=math.fsum(on_gpu) / 3600,
        by_median=sum(mine is None for mine in own),
    )
