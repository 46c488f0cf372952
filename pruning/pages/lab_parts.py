"""What the templates of the lab are given: plain values, already worded and formatted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trials.pages.parts import Paragraph


@dataclass(frozen=True)
class Option:
    """One thing to choose in a list; `value` is what the address then says."""

    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True)
class Figure:
    """A mean with its 95 % interval, worded; where recordings break off an estimate with its bounds, or they alone."""

    value: str
    interval: str
    bounds: str = ""


@dataclass(frozen=True)
class Against:
    """A paired difference to the reference: worded, and drawn from 0 to 100 with nothing at 50."""

    text: str
    low: float
    width: float
    mid: float
    settled: bool
    label: str


@dataclass(frozen=True)
class PolicyRow:
    """One policy in numbers. `kind`: ours, peer or reference."""

    name: str
    kind: str
    figures: Sequence[Figure]
    against: Against | None
    is_reference: bool = False


@dataclass(frozen=True)
class DialRow:
    """A promised risk and the share of replays that lost the best, as percentages of the drawn width."""

    name: str
    promised: float
    promised_text: str
    low: float
    width: float
    mid: float
    text: str
    interval: str
    verdict: str


@dataclass(frozen=True)
class StopCell:
    """Where one policy left one trial."""

    kind: str
    share: float
    """Of the planned length, as a percentage."""
    step: str
    title: str


@dataclass(frozen=True)
class StopRow:
    """One of the best trials of an order, and where each policy left it."""

    name: str
    url: str
    place: int
    value: str
    cells: Sequence[StopCell]
    stopped_by: str
    chosen: bool


@dataclass(frozen=True)
class Said:
    """One verdict on the chosen trial."""

    step: str
    kind: str
    sentence: str


@dataclass(frozen=True)
class Verdicts:
    """What one policy would have said to the chosen trial."""

    policy: str
    kind: str
    ending: str
    said: Sequence[Said]


@dataclass(frozen=True)
class Opened:
    """The chosen trial."""

    name: str
    url: str
    """Its page, where it has one that the person may see."""
    curve_url: str
    verdicts: Sequence[Verdicts]


@dataclass(frozen=True)
class Stops:
    """One order of one study: who would have been stopped where."""

    task: str
    metric: str
    sentences: Sequence[Paragraph]
    policies: Sequence[str]
    rows: Sequence[StopRow]
    lost: Sequence[str]
    """By policy, in how many orders the best was lost."""
    spent: Sequence[str]
    """By policy, the compute of this order."""
    note: str
    tasks: Sequence[Option]
    orders: Sequence[Option]
    opened: Opened | None

    @property
    def opened_title(self) -> str:
        """Return what stands above the chosen trial's curve."""
        return f"Trial {self.opened.name}, and where each policy left it" if self.opened else ""


@dataclass(frozen=True)
class BacktestRow:
    """A backtest in the list."""

    title: str
    url: str
    kind: str
    state: str
    on: str
    policies: str
    runs: str
    by: str
    at: object
    share: float | None = None


@dataclass(frozen=True)
class StudyChoice:
    """A study that can be chosen, or why not."""

    value: int
    name: str
    project: str
    trials: str
    chosen: bool
    problem: str = ""


@dataclass(frozen=True)
class FolderChoice:
    """A registered folder of curves with its families."""

    name: str
    families: Sequence[Option]
    problem: str = ""


@dataclass(frozen=True)
class PolicyChoice:
    """A policy that can be chosen."""

    value: str
    name: str
    help: str
    chosen: bool
