"""Parts of the Importance page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A share of the whole with the range of most refits, as fractions."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True)
class ImportanceRow:
    """One parameter: its share over all trials, and over the finished ones alone; None where it cannot be read."""

    name: str
    all: Estimate | None
    finished: Estimate | None = None


@dataclass(frozen=True)
class ReadingColumn:
    """One way of reading the pruned trials: its name, what it uses, or what it lacks."""

    title: str
    help: str
    missing: str = ""
    url: str = ""
    active: bool = False


@dataclass(frozen=True)
class ReadingRow:
    """One parameter's share under every reading; `apart` says that two readings' ranges do not meet."""

    name: str
    cells: Sequence[Estimate | None]
    apart: bool = False


@dataclass(frozen=True)
class Interaction:
    """What two parameters explain together, beyond what each explains alone."""

    one: str
    other: str
    share: Estimate
    url: str = ""


@dataclass(frozen=True)
class Computing:
    """How far the job has come, in words; `state` is waiting, running, failed, or empty where none is under way."""

    state: str = ""
    text: str = ""
    share: float | None = None


@dataclass(frozen=True)
class BestRow:
    """A trial with its configuration, in the table behind the figures of relations."""

    number: int
    url: str
    kind: str
    ending: str
    value: str
    params: Sequence[str]


@dataclass(frozen=True)
class FrontSide:
    """One axis of the figure of two metrics."""

    axis: str
    label: str
    metric: str
    minimize: bool


@dataclass(frozen=True)
class FrontRow:
    """A trial that none beats in both metrics, in the table behind their figure."""

    number: int
    url: str
    x: str
    y: str
