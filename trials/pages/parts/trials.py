"""Parts of the pages of trials: the table, the comparison, one trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trials.pages.parts.common import Action, Badge, RankBar, Spark, Track


@dataclass(frozen=True)
class Column:
    """A heading of the trials table; `sorted` is asc, desc or empty, `narrow` the class of what a phone hides."""

    label: str
    url: str = ""
    sorted: str = ""
    numeric: bool = True
    narrow: str = ""


@dataclass(frozen=True)
class ColumnChoice:
    """A column that may be shown; `usual` ones are, unless a person chose."""

    name: str
    label: str
    about: str
    shown: bool
    usual: bool = False


@dataclass(frozen=True)
class ColumnGroup:
    """Columns of one kind."""

    label: str
    choices: Sequence[ColumnChoice]


@dataclass(frozen=True)
class TrialCell:
    """What one column shows of one trial. `shape` is ending, number, wrap, tags, curve or empty for plain text."""

    text: str = ""
    shape: str = ""
    kind: str = ""
    strong: bool = False
    place: float | None = None
    spark: Spark | None = None
    tags: Sequence[str] = ()
    narrow: str = ""


@dataclass(frozen=True)
class ViewLink:
    """A saved view in the menu of a page."""

    key: int
    name: str
    url: str
    address: str
    mine: bool
    owner: str = ""
    shared: bool = False
    is_default: bool = False
    active: bool = False


@dataclass(frozen=True)
class ParamCell:
    """A parameter's value, its place in its range, and its factor against the base of a comparison."""

    text: str
    place: float | None = None
    factor: str = ""
    strong: bool = False


@dataclass(frozen=True)
class TrialRow:
    number: int
    url: str
    kind: str
    cells: Sequence[TrialCell] = ()
    selected: bool = False
    letter: str = ""


@dataclass(frozen=True)
class Selected:
    """A trial in the tray."""

    letter: str
    number: int
    url: str
    kind: str
    ending: str
    value: str
    remove_url: str


@dataclass(frozen=True)
class Sign:
    """One verdict on a timeline, with what the comparison says of it as of its step."""

    step: int
    kind: str
    said: str
    sentence: str
    url: str = ""
    value: str = ""
    cut: str = ""
    margin: str = ""
    inside: bool | None = None
    rank: str = ""
    quota: str = ""


@dataclass(frozen=True)
class Compared:
    """A column of the comparison, base first."""

    letter: str
    number: int
    url: str
    kind: str
    ending: str
    sentence: str
    steps: str
    horizon: str
    track: Track
    stopped: bool = False
    is_base: bool = False
    base_url: str = ""
    remove_url: str = ""
    value: str = ""
    cut: str = ""
    margin: str = ""
    inside: bool | None = None
    look: str = ""
    rank: RankBar | None = None
    ended_at: int | None = None
    """The step of its ending or pause; None while it trains."""
    timeline: Sequence[Sign] = ()


@dataclass(frozen=True)
class ParamRow:
    """One parameter over all compared trials."""

    name: str
    cells: Sequence[ParamCell]
    differs: bool = True


@dataclass(frozen=True)
class Cell:
    """A number and its difference from the base."""

    text: str
    delta: str = ""


@dataclass(frozen=True)
class CompareRow:
    """One metric, resource or environment entry over all compared trials."""

    label: str
    cells: Sequence[Cell]

    @property
    def differs(self) -> bool:
        """Say whether not all of them are the same."""
        return len({cell.text for cell in self.cells}) > 1


@dataclass(frozen=True)
class ParamPlace:
    """A parameter of one trial in its range, the other trials as ticks, the best as a ring."""

    name: str
    text: str
    low: str = ""
    high: str = ""
    place: float | None = None
    others: Sequence[float] = ()
    best: float | None = None


@dataclass(frozen=True)
class VerdictRow:
    sequence: int
    url: str
    at: datetime | None
    step: str
    kind: str
    verdict: str
    sentence: str
    rank: RankBar | None = None
    ended: bool = False
    plain: bool = False


@dataclass(frozen=True)
class AttemptRow:
    number: int
    where: str
    host: str
    when: str
    origin: str
    steps: str
    kind: str
    ending: str
    why: str


@dataclass(frozen=True)
class TrialHead:
    """The trial a page is about: its ending's sentence, then what else befell it."""

    number: int
    url: str
    kind: str
    ending: str
    motive: str
    sentence: str
    more: str = ""
    note: str = ""
    badges: Sequence[Badge] = ()
    actions: Sequence[Action] = ()
    previous_url: str = ""
    next_url: str = ""
