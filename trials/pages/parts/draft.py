"""Parts of the page on which a study is planned and launched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trials.pages.parts.common import Paragraph


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    selected: bool = False


@dataclass(frozen=True)
class DraftField:
    """One field: its text as typed and what is wrong with it."""

    name: str
    value: str = ""
    problem: str = ""
    options: Sequence[Option] = ()

    label: str = ""

    @property
    def key(self) -> str:
        """Return the id of its element; its error's is the same with `-error` behind it."""
        return f"f-{self.name}"


@dataclass(frozen=True)
class RangePicture:
    """A range to be drawn, all places in percent of the width: the whole, the part that is searched, its values."""

    low: float
    high: float
    ticks: Sequence[float] = ()
    """Where decades or quarters begin."""
    values: Sequence[float] = ()
    """The single values of a few, such as choices or whole numbers."""
    default: float | None = None
    text: str = ""


@dataclass(frozen=True)
class DraftRow:
    """One parameter of the space."""

    place: int
    name: DraftField
    kind: DraftField
    low: DraftField
    high: DraftField
    log: DraftField
    step: DraftField
    choices: DraftField
    when: DraftField
    default: DraftField
    picture: RangePicture | None = None
    help: str = ""

    is_choices: bool = False

    @property
    def is_special(self) -> bool:
        """Say whether something stands in the fields that are folded away."""
        return bool(self.step.value or self.when.value or self.step.problem or self.when.problem)

    @property
    def numbers(self) -> tuple[DraftField, ...]:
        """Return the fields that a parameter with choices has no use for."""
        return (self.low, self.high, self.log, self.step)

    @property
    def problems(self) -> list[DraftField]:
        """Return the fields of this row with something wrong."""
        fields = (self.name, self.kind, self.low, self.high, self.step, self.choices, self.when, self.default)
        return [field for field in fields if field.problem]


@dataclass(frozen=True)
class DraftProblem:
    """One thing wrong with the plan: where (an element's id on this page), which line of the text, what."""

    path: str
    message: str
    target: str = ""
    line: int | None = None


@dataclass(frozen=True)
class Suggested:
    """A parameter that the trainable declares and the space does not name."""

    name: str
    range: str
    help: str


@dataclass(frozen=True)
class PolicyOption:
    """A policy to choose; `risk` in words, empty without a dial."""

    name: str
    label: str
    description: str
    risk: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class Forecast:
    """What the plan will take, as far as that is known."""

    lead: Sequence[Paragraph]
    facts: Sequence[tuple[str, str, str]]
    """(what, how much, what that rests on)."""


@dataclass(frozen=True)
class GateRow:
    """One past study that the gate rests on."""

    name: str
    url: str
    saved: str
    lost: str
    source: str
    """What it rests on: how many replays, or the library, and a control arm where that had to tell."""
    winner: str = ""
    winner_verdict: str = ""


@dataclass(frozen=True)
class GateWords:
    """What the policy would have done to similar past studies."""

    sentence: str
    doubt: str
    remedy: str
    tone: str
    """good, bad or plain."""
    verdict: str
    """What that means for the launch, in a few words."""
    rows: Sequence[GateRow] = ()
    advice: str = ""
    suggestions: Sequence[Advised] = ()


@dataclass(frozen=True)
class Advised:
    """A policy that did well on similar studies; `place` is sent by its button."""

    place: int
    name: str
    sentence: str


@dataclass(frozen=True)
class DraftPage:
    """Everything the editor shows."""

    view: str
    """`form` or `yaml`."""
    text: str
    fields: Mapping[str, DraftField]
    rows: Sequence[DraftRow]
    problems: Sequence[DraftProblem]
    suggested: Sequence[Suggested]
    policies: Sequence[PolicyOption]
    policy_written: str
    shadow: bool
    key: str
    checked: bool
    n_trials: str
    """What the launch button counts; empty while that is not known."""
    is_custom: bool = False
    """Whether the policy is written out."""
    origin: str = ""
    """The name of the study that it was cloned from."""
    origin_url: str = ""
    refreshed: str = ""
    """The selectors of what a change to a field renews, for the script."""
