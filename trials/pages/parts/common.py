"""Parts that several pages share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """A stretch of a sentence that testifies; a paragraph is a sequence of them."""

    text: str
    strong: bool = False
    glyph: str = ""
    url: str = ""


Paragraph = Sequence[Run]


@dataclass(frozen=True)
class Crumb:
    """One step of the path in the bar; the last one has no address."""

    label: str
    url: str = ""


@dataclass(frozen=True)
class Chip:
    """A filter with its count; also an item of a filter list."""

    label: str
    url: str
    count: int | str | None = None
    active: bool = False
    glyph: str = ""


@dataclass(frozen=True)
class Option:
    """A choice of a list; `more` is carried beside its value."""

    value: str
    label: str
    chosen: bool = False
    more: str = ""


@dataclass(frozen=True)
class Choice:
    """A link of a switch that sets one parameter of the address; a refused one has nothing to show."""

    name: str
    value: str
    label: str
    url: str
    chosen: bool = False
    refused: bool = False


@dataclass(frozen=True)
class Fact:
    """A label, the number that matters, what stands after it in grey, and a line below; `url` makes it a link."""

    label: str
    value: str
    after: str = ""
    help: str = ""
    url: str = ""


@dataclass(frozen=True)
class Badge:
    """A checked claim: icon chain, replay or none; tone good, plain or bad."""

    text: str
    icon: str = ""
    tone: str = "plain"
    title: str = ""


@dataclass(frozen=True)
class Action:
    """A button: a link, or a form that posts when `post` is set."""

    label: str
    url: str
    post: bool = False
    primary: bool = False
    danger: bool = False
    confirm: str = ""
    fields: Sequence[tuple[str, str]] = ()
    """What its form posts."""


@dataclass(frozen=True)
class Share:
    """How many trials ended (or stand) in one way."""

    kind: str
    count: int


@dataclass(frozen=True)
class Live:
    """Where a page asks for its newer parts, and which version it shows."""

    url: str
    version: str
    every_s: int = 2
    reload: bool = False
    """The page's end brings more than its parts: it is then read anew."""


@dataclass(frozen=True)
class WrongStops:
    """How many of the would-be-stopped control trials ended among the best k, with its 95 % interval."""

    wrong: int
    of: int
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True)
class Spark:
    """Values in order; None where there is none. `best` draws the best so far over dots, else a line."""

    values: Sequence[float | None]
    minimize: bool = True
    best: bool = False
    kind: str = "finished"
    extent: tuple[float, float] | None = None
    length: int | None = None


@dataclass(frozen=True)
class Track:
    """Progress along the steps, with the looks as strokes."""

    step: float
    horizon: float
    looks: Sequence[float] = ()
    kind: str = "running"
    letter: str = ""


@dataclass(frozen=True)
class RankBar:
    """A rank among peers and how many of them go on."""

    rank: int
    of: int
    quota: int | None = None
    letter: str = ""


@dataclass(frozen=True)
class Tab:
    key: str
    label: str
    url: str
    count: int | None = None


@dataclass(frozen=True)
class StudyHead:
    """What stands above every page of a study. `facts` read "label value after"."""

    name: str
    url: str
    kind: str
    state: str
    facts: Sequence[Fact] = ()
    actions: Sequence[Action] = ()
    tags: Sequence[str] = ()
    tags_url: str = ""
    """Where a person changes the tags; empty for whom may not."""
    is_archived: bool = False
