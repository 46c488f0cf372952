"""What the pages of `trials` show of someone else's facts: verdicts, cuts, the control arm.

`trials` records what ran; why a trial was stopped is known upstairs. `settings.TRIAL_PAGE_PROVIDER` names a class with
the methods of `PageProvider`, in Django's own manner; without one, pages simply have nothing to say about verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, cast

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from trials.models import Study, Trial


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """One verdict on a trial, as recorded."""

    sequence: int
    number: int
    """The trial's number."""
    step: int
    action: str
    """KEEP, WARN, STOP, FINISH, PAUSE, RESUME, PROTECT or ABSTAIN."""
    sentence: str
    reason: str = ""
    motive: str = ""
    at: datetime | None = None
    value: float | None = None
    """The objective it was judged by, as told."""
    cut: float | None = None
    rank: int | None = None
    of: int | None = None
    quota: int | None = None
    url: str = ""

    @property
    def is_spared(self) -> bool:
        """Say whether a rule spoke against the trial and the control arm protected it."""
        return self.action == "PROTECT" and self.reason == "control"


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """What a person asked of a trial, as recorded."""

    sequence: int
    action: str
    """stop, pin, unpin or note."""
    sentence: str
    """Who asked for what, and why."""
    at: datetime
    url: str


@dataclass(frozen=True)
class Cut:
    """The newest cut at one decision point, and how many trials had reached it."""

    step: int
    value: float
    n: int


@dataclass(frozen=True)
class ControlArm:
    """How the spared trials fared: the measure of wrong stops.

    `met` control trials would have been stopped, or would be paused now, and were trained on; `judged` of them have
    reached their end; `wrong` of those ended among the best `k`, `beat` of them beat the best of the others. `low` and
    `high` bound the share of wrong stops at 95 % (Clopper and Pearson 1934), whatever becomes of those not judged yet;
    0 and 1 while nothing is known.
    """

    met: int = 0
    judged: int = 0
    wrong: int = 0
    low: float = 0.0
    high: float = 1.0
    finished: int = 0
    """How many of the judged ones are complete."""
    spared: Sequence[tuple[int, float]] = ()
    """(trial number, its value) of those, best first: all, or as many as a picture can tell apart."""
    k: int = 5
    unknown: int = 0
    """Those that did not reach the end, or that nothing can be said of while fewer than `k` others are complete."""
    paused: int = 0
    """Those that would be paused now and may yet go on."""
    beat: int = 0
    gain: float | None = None
    """By how much the best of them beat the best of the others, in units of the metric; None if none did."""
    beat_high: float = 1.0
    """The upper limit on the share that beat the best of the others, at 95 %."""


@dataclass(frozen=True)
class PooledArm:
    """The share of wrong stops over several studies, with its 95 % interval."""

    studies: int
    wrong: int
    judged: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class PolicyWords:
    """The policy in force, for a page's facts."""

    name: str
    version: str = ""
    fingerprint: str = ""
    description: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class PolicyChoice:
    """A policy that a plan may name in one word."""

    name: str
    description: str
    risk: float | None
    """The risk of losing the best trial that it holds; None where it has no such dial."""
    mapping: Mapping[str, object]
    """The policy written out, as a plan's `policy` takes it."""
    is_default: bool = False


@dataclass(frozen=True)
class Seal:
    """A claim about the record that was checked, or not: `icon` is chain, replay or empty; `tone` good, plain, bad."""

    text: str
    icon: str = ""
    tone: str = "plain"
    title: str = ""


@dataclass(frozen=True)
class Searchable:
    """A fact that queries over trials may ask for: its name, its values, and the trials that each value holds for."""

    name: str
    about: str
    choices: tuple[str, ...]
    numbers: Callable[[Sequence[str]], Iterable[int]]
    """The numbers of the trials that any of these values holds for; may be a query that is yet to be made."""
    is_flag: bool = False
    """Whether a query says yes or no to it; `choices` is then ("yes",)."""


class PageProvider(Protocol):
    """The questions that pages of `trials` ask. Each costs a fixed number of queries, whatever the study's size."""

    def n_entries(self, study: Study) -> int:
        """Return how many rows the study's record of verdicts has."""

    def audit_url(self, study: Study) -> str:
        """Return the address of the page that lists them; empty if there is none."""

    def lab_url(self, study: Study) -> str:
        """Return where other policies can be played on an ended study; empty if nothing can be learnt from it."""

    def halted_url(self, study: Study) -> str:
        """Return the address of the page on what was halted; empty if there is none."""

    def policy(self, study: Study) -> PolicyWords | None:
        """Return the policy in force."""

    def policy_choices(self) -> Sequence[PolicyChoice]:
        """Return the policies that a plan may name, from the most careful to none."""

    def at_risk(self, name: str, risk: object) -> Mapping[str, object]:
        """Return what a plan writes for the policy `name` at another risk of losing the best trial, right or wrong."""

    def reason_words(self, code: str) -> str:
        """Return what a reason code means, in a few words; empty if it is not known."""

    def cuts(self, study: Study) -> Sequence[Cut]:
        """Return the newest cut of each decision point that has one, ascending in step."""

    def control_arms(self, studies: Sequence[Study]) -> Mapping[int, ControlArm]:
        """Return the control arm's record by study id."""

    def pooled_arm(self, study: Study) -> PooledArm | None:
        """Return the control arms' record over all studies of the project; None unless two or more know something."""

    def spared_numbers(self, study: Study, among: Sequence[int] | None = None) -> frozenset[int]:
        """Return the numbers of the trials that a rule would have stopped and the control arm protected.

        among: ask for these trials only; what it costs then follows how many they are.
        """

    def last_rulings(self, study: Study, numbers: Sequence[int]) -> Mapping[int, Ruling]:
        """Return the newest verdict at a decision point by trial number; one with a rank where there is one."""

    def rulings(self, trial: Trial) -> Sequence[Ruling]:
        """Return every verdict on the trial, in order."""

    def rulings_of(self, study: Study, numbers: Sequence[int]) -> Mapping[int, Sequence[Ruling]]:
        """Return every verdict on each of a few trials, in order, by trial number."""

    def interventions(self, trial: Trial) -> Sequence[Intervention]:
        """Return what people asked of the trial, in order; a resumption is a verdict."""

    def seals(self, trial: Trial) -> Sequence[Seal]:
        """Return what is known about the record of this trial's verdicts."""

    def searchable(self, study: Study) -> Sequence[Searchable]:
        """Return what queries over the study's trials may ask for, such as verdicts; costs no query by itself."""

    def unlike_others(self, study: Study) -> Sequence[str]:
        """Return in sentences where the study behaves otherwise than similar ones did; empty for none."""

    def waiting_for(self, study: Study) -> str:
        """Say in a sentence what the first verdict waits for; empty once there is one."""


class NothingToSay:
    """The default provider: no policy, no verdicts, no control arm."""

    def n_entries(self, study: Study) -> int:
        return 0

    def audit_url(self, study: Study) -> str:
        return ""

    def lab_url(self, study: Study) -> str:
        return ""

    def halted_url(self, study: Study) -> str:
        return ""

    def policy(self, study: Study) -> PolicyWords | None:
        return None

    def policy_choices(self) -> Sequence[PolicyChoice]:
        return ()

    def at_risk(self, name: str, risk: object) -> Mapping[str, object]:
        return {"preset": name}

    def reason_words(self, code: str) -> str:
        return ""

    def cuts(self, study: Study) -> Sequence[Cut]:
        return ()

    def control_arms(self, studies: Sequence[Study]) -> Mapping[int, ControlArm]:
        return {}

    def pooled_arm(self, study: Study) -> PooledArm | None:
        return None

    def spared_numbers(self, study: Study, among: Sequence[int] | None = None) -> frozenset[int]:
        return frozenset()

    def last_rulings(self, study: Study, numbers: Sequence[int]) -> Mapping[int, Ruling]:
        return {}

    def rulings(self, trial: Trial) -> Sequence[Ruling]:
        return ()

    def rulings_of(self, study: Study, numbers: Sequence[int]) -> Mapping[int, Sequence[Ruling]]:
        return {}

    def interventions(self, trial: Trial) -> Sequence[Intervention]:
        return ()

    def seals(self, trial: Trial) -> Sequence[Seal]:
        return ()

    def searchable(self, study: Study) -> Sequence[Searchable]:
        return ()

    def unlike_others(self, study: Study) -> Sequence[str]:
        return ()

    def waiting_for(self, study: Study) -> str:
        return ""


@lru_cache(maxsize=1)
def provider() -> PageProvider:
    """Return the provider that the settings name."""
    name = settings.TRIAL_PAGE_PROVIDER
    return cast(PageProvider, import_string(name)()) if name else NothingToSay()


def _forget_provider(*, setting: str, **kwargs: object) -> None:
    if setting == "TRIAL_PAGE_PROVIDER":
        provider.cache_clear()


setting_changed.connect(_forget_provider)
