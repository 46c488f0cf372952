"""Parts of the page that compares studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trials.pages.parts.common import Share, WrongStops


@dataclass(frozen=True)
class ComparedStudy:
    """A column: one study under its letter."""

    letter: str
    name: str
    url: str
    project: str
    kind: str
    state: str
    objective: str
    best: str
    best_number: int | None
    trials: str
    shares: Sequence[Share]
    saved: float | None
    hours: str
    wrong: WrongStops | None
    remove_url: str


@dataclass(frozen=True)
class BestAfter:
    """The best values in hand once so many trials had ended, a value a study."""

    trials: str
    values: Sequence[str]


@dataclass(frozen=True)
class AxisGroup:
    """Studies of one metric and direction: the only ones that share an axis."""

    metric: str
    direction: str
    letters: Sequence[str]
    src: str
    rows: Sequence[BestAfter]


@dataclass(frozen=True)
class SettingRow:
    """A setting in which the plans differ, a value a study."""

    name: str
    values: Sequence[str]
