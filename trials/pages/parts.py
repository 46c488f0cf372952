"""What the templates are given: plain values, already worded and formatted.

A view turns rows into these; a template only lays them out. Shares and places are fractions from 0 to 1.
`kind` names a glyph: speed, risk, generalisation, finished, control, running, paused, waiting, failed, or one of
the ledger's verbs resume, keep, warn, abstain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


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
    count: int | None = None
    active: bool = False
    glyph: str = ""


@dataclass(frozen=True)
class Fact:
    """A label, the number that matters, what stands after it in grey, and a line below."""

    label: str
    value: str
    after: str = ""
    help: str = ""


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


@dataclass(frozen=True)
class WrongStops:
    """How many of the spared trials that met a cut went on to beat the best, with its 95 % interval."""

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


@dataclass(frozen=True)
class StudyRow:
    name: str
    url: str
    kind: str
    state: str
    subtitle: str
    best: str = ""
    best_number: int | None = None
    best_url: str = ""
    spark: Spark | None = None
    shares: Sequence[Share] = ()
    saved: float | None = None
    saved_text: str = ""
    wrong: WrongStops | None = None
    active_at: datetime | None = None
    slots: str = ""


@dataclass(frozen=True)
class Budget:
    """A sum spent out of what was allowed; `share` is None without a limit."""

    label: str
    value: str
    limit: str = ""
    share: float | None = None
    help: str = ""


@dataclass(frozen=True)
class Reason:
    """How many trials one rule's reason stopped; `share` is against the commonest reason."""

    code: str
    kind: str
    count: int
    share: float
    help: str = ""


@dataclass(frozen=True)
class Spared:
    """A control trial that a rule would have stopped, and the best value it reached."""

    number: int
    url: str
    value: float


@dataclass(frozen=True)
class RunningRow:
    number: int
    url: str
    track: Track
    step: str
    horizon: str
    value: str
    rank: str
    next: str
    glyph: str = ""


@dataclass(frozen=True)
class CurveRow:
    """A line of the table behind a chart."""

    number: int
    url: str
    kind: str
    ending: str
    step: str
    value: str
    sentence: str = ""


@dataclass(frozen=True)
class Column:
    """A heading of the trials table; `sorted` is asc, desc or empty."""

    label: str
    url: str = ""
    sorted: str = ""
    numeric: bool = True


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
    ending: str
    step: str
    why: str
    best: str
    last: str
    spark: Spark | None = None
    params: Sequence[ParamCell] = ()
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


@dataclass(frozen=True)
class FilterGroup:
    label: str
    items: Sequence[Chip] = field(default_factory=tuple)


@dataclass(frozen=True)
class Entry:
    """A line of the ledger as listed."""

    sequence: int
    url: str
    kind: str
    title: str
    verb: str
    step: str
    sentence: str
    at: datetime | None
    selected: bool = False


@dataclass(frozen=True)
class Check:
    """A way to check an entry: icon chain or replay, a sentence, a line in mono."""

    icon: str
    text: str
    mono: str = ""
    tone: str = "good"


@dataclass(frozen=True)
class Neighbour:
    """A peer near the cut and what became of it; the cut is drawn below the row with `cut_below`."""

    rank: int
    number: int
    url: str
    value: str
    kind: str
    ending: str
    best: str
    selected: bool = False
    cut_below: bool = False


@dataclass(frozen=True)
class Opened:
    """One ledger entry opened: what was known at that moment."""

    sequence: int
    kind: str
    title: str
    trial_url: str
    reason: str
    sentence: str
    at: datetime | None
    where: str = ""
    badges: Sequence[Badge] = ()
    moment_url: str = ""
    facts: Sequence[Fact] = ()
    differ: Sequence[Paragraph] = ()
    checks: Sequence[Check] = ()
    neighbours: Sequence[Neighbour] = ()
    neighbours_text: str = ""
    cut: str = ""
    look: str = ""
    evidence: Sequence[tuple[str, str]] = ()
    previous_url: str = ""
    next_url: str = ""


@dataclass(frozen=True)
class RevisionRow:
    number: int
    fingerprint: str
    at: datetime | None
    by: str
    reason: str
    url: str
    shown: bool = False


@dataclass(frozen=True)
class SpaceRow:
    name: str
    low: str
    high: str
    prior: str
    condition: str = ""


@dataclass(frozen=True)
class Change:
    """A field of the plan before and after an amendment."""

    field: str
    before: str
    after: str
