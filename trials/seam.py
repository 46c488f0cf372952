"""The one place where someone else may have a say in what happens to a trial.

`trials` records and runs; it does not know who judges. `settings.TRIAL_REVIEWER` names a class with the methods of
`Reviewer`, in Django's own manner; the default keeps every trial. The pruning engine is one such class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, cast

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from trials.models import Attempt, Project, Revision, Study, Trial
    from trials.models.project import Person
    from trials.plan import Plan, Problem


class Action(StrEnum):
    """What a reviewer answers (on pages: the verdict)."""

    KEEP = "KEEP"
    WARN = "WARN"
    STOP = "STOP"
    FINISH = "FINISH"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    PROTECT = "PROTECT"
    ABSTAIN = "ABSTAIN"

    @property
    def halts(self) -> bool:
        """Say whether the attempt ends with this answer."""
        return self in {Action.STOP, Action.FINISH, Action.PAUSE}


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A reviewer's answer, small enough to travel back to the training code."""

    action: Action = Action.KEEP
    code: str = ""
    """Reason code, such as `outpaced`; empty where nothing is held against the trial."""
    motive: str = ""
    """`speed`, `risk`, `generalisation` or empty."""
    sentence: str = ""
    """Why, in plain words with the numbers."""
    step: int | None = None


KEEP = Decision()


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One point of the objective that is about to be judged, inside the transaction that records it."""

    study: Study
    trial: Trial
    attempt: Attempt
    revision: tuple[int, str]
    """Number and fingerprint of the study's newest revision."""
    step: int
    value: float
    """The objective as told; may be NaN or infinite."""
    metrics: Mapping[str, float]
    """All unlabelled metrics told at this step."""
    batch: int
    """The attempt's newest stored batch, by which `trials.series.of_attempt` knows its curves."""
    is_look: bool
    """Whether `step` is a decision point: then `sequence` belongs to an observation just written."""
    sequence: int = field(default=-1)
    """The study's sequence number this decision is taken as of; -1 while no lock is held (`alarmed`)."""


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One past study on which a policy was replayed, or for which its figures are known."""

    name: str
    distance: float
    """How unlike the planned study it is: 0 for the same task, about 1 for another one of the kind, 3 for any other."""
    saved: tuple[float, float]
    """Share of the training it would have saved, from the worst to the best case; equal where nothing is open."""
    lost: tuple[float, float]
    """Share of the replayed orders in which it would have lost the best trial, from the best to the worst case."""
    source: str
    """`replay` of curves kept here, or `library` for figures that are shipped or were computed when it ended."""
    url: str = ""
    likely_lost: float | None = None
    """The share lost as far as it can be told: known, or estimated where the study was pruned itself; else None."""
    orders: int = 0
    """Random orders in which it was played."""
    control: int | None = None
    """Complete curves that no rule chose, on which an estimate rests; None where nothing had to be estimated."""
    winner: str = ""
    """What would have become of its best trial, in a sentence; empty where only figures are known."""
    winner_verdict: str = ""
    """What would have been said where it was stopped most often; empty if it never was."""

    @property
    def sentence(self) -> str:
        """Return in how many replays the best trial was lost, and what would have become of it."""
        n = "1 replay" if self.orders == 1 else f"{self.orders} replays"
        if self.likely_lost is None:
            told = f"pruned too hard to be judged; the best trial lost in at least {100 * self.lost[0]:.0f} % of {n}."
        elif self.control is not None:
            curves = "1 complete curve" if self.control == 1 else f"{self.control} complete curves"
            told = (
                f"the trial that would have ended best, stopped ones counted as estimated from {curves}, lost in "
                f"{100 * self.likely_lost:.0f} % of {n}."
            )
        else:
            told = f"the best trial lost in {100 * self.likely_lost:.0f} % of {n}."
        return " ".join(filter(None, (f"{self.name}: {told}", self.winner)))


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What the plan's policy would have done to similar past studies: shown before a launch, and able to stop it."""

    mode: str = "off"
    """`warn`, `block` or `off`, as the plan says."""
    sentence: str = ""
    """What it would have saved and lost there, in plain words with the numbers; empty when off."""
    doubt: str = ""
    """Why that may not hold: how few studies, how unlike, what was left out or capped."""
    finding: str = ""
    """`kept`, `doubtful` (more often than `risk`, which may be chance), `exceeded` (beyond doubt) or `thin` (the past
    studies were pruned themselves, and nobody can tell); empty if nothing is known."""
    is_exceeded: bool = False
    """Past winners would have been lost more often than `risk`, beyond doubt: alone this closes a gate that blocks."""
    remedy: str = ""
    """What to do about it; empty unless exceeded."""
    risk: float | None = None
    """The share of lost winners that the plan accepts."""
    saved: float | None = None
    """Share of the training it would have saved; None if nothing is known, or bounds alone."""
    saved_interval: tuple[float, float] | None = None
    lost: float | None = None
    """Share of the replayed runs that would have lost the best trial; None if nothing is known, or bounds alone."""
    lost_interval: tuple[float, float] | None = None
    """At 95 %: how far other random orders, or another control arm, might have had it; None without `lost`."""
    lost_bounds: tuple[float, float] | None = None
    """The same in the best and the worst case of what recordings leave open; equal where they leave nothing open."""
    studies: Sequence[Replayed] = ()
    """What it rests on, the most similar first."""

    @property
    def blocks(self) -> bool:
        """Say whether the study may not be launched with this plan."""
        return self.mode == "block" and self.is_exceeded


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A policy that did well on similar studies."""

    name: str
    policy: str | Mapping[str, object]
    """What to write into the plan's `policy`."""
    description: str
    sentence: str
    """Its evidence in plain words: how many studies, how near, what it saved and lost there."""
    distance: float | None = None
    """Mean distance of the studies that support it; None without any."""
    n_studies: int = 0
    is_default: bool = False


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Policies for a plan, the best supported first."""

    sentence: str = ""
    """What the order rests on; that it is the default, where too few studies are similar."""
    suggestions: Sequence[Suggestion] = ()


class Reviewer(Protocol):
    """The moments at which someone else may have a say.

    All but `alarmed`, `forecast` and `advise` run inside the caller's transaction. Those two may take seconds.
    """

    def forecast(self, plan: Plan, *, user: Person | None, project: Project | None = None) -> Gate:
        """Return what the plan's policy would have done to similar past studies, as far as the person may see them.

        user: None for whoever runs commands on the server, who may see all.
        """

    def advise(self, plan: Plan, *, user: Person | None, project: Project | None = None) -> Advice:
        """Return the policies that did well on similar past studies; as `forecast` in what may be seen."""

    def settled(self, plan: Plan, *, project: Project, before: Plan | None = None) -> Plan:
        """Return the plan as it is to be registered: what it takes from past studies put in as numbers.

        before: the plan that it amends; numbers which that one took are kept.
        """

    def check_plan(self, plan: Plan) -> Sequence[Problem]:
        """Return what is wrong with the plan's policy; nothing is stored."""

    def decision_points(self, plan: Plan) -> tuple[int, ...]:
        """Return the steps at which trials of this plan are judged against their peers: ascending, at most 64."""

    def describe(self, plan: Plan) -> Mapping[str, object]:
        """Return name, version, fingerprint and a one-line description of the plan's policy, for pages."""

    def launched(self, study: Study, revision: Revision, *, sequence: int) -> None:
        """Hear that a study's first revision was registered."""

    def amended(self, study: Study, revision: Revision, *, sequence: int) -> None:
        """Hear that a later revision takes effect from `sequence` on."""

    def alarmed(self, moment: Moment) -> bool:
        """Say, without a lock, whether the trial's own points alone call for a review between decision points."""

    def review(self, moment: Moment) -> Decision:
        """Judge, record why, answer. Called with the study's head locked and `moment.sequence` taken."""

    def ended(self, trial: Trial, *, sequence: int) -> None:
        """Hear that a trial has ended; its `ending_*` fields say how."""

    def intervened(
        self, study: Study, trial: Trial | None, *, action: str, person: str, note: str, sequence: int
    ) -> None:
        """Hear that a person (or a budget, as `person`) acted: stop, pin, unpin, resume (still paused), note, close."""

    def closed(self, study: Study, *, sequence: int) -> None:
        """Hear that a study has ended."""

    def next_to_resume(self, study: Study) -> Trial | None:
        """Name the paused trial that should go on now, if any, having recorded why."""


class KeepEverything:
    """The default reviewer: no policy, no verdicts, no ledger."""

    def forecast(self, plan: Plan, *, user: Person | None, project: Project | None = None) -> Gate:
        return Gate()

    def advise(self, plan: Plan, *, user: Person | None, project: Project | None = None) -> Advice:
        return Advice()

    def settled(self, plan: Plan, *, project: Project, before: Plan | None = None) -> Plan:
        return plan

    def check_plan(self, plan: Plan) -> Sequence[Problem]:
        return ()

    def decision_points(self, plan: Plan) -> tuple[int, ...]:
        return ()

    def describe(self, plan: Plan) -> Mapping[str, object]:
        return {"name": "none", "version": 1, "fingerprint": "", "description": "Every trial runs to its end."}

    def launched(self, study: Study, revision: Revision, *, sequence: int) -> None: ...

    def amended(self, study: Study, revision: Revision, *, sequence: int) -> None: ...

    def alarmed(self, moment: Moment) -> bool:
        return False

    def review(self, moment: Moment) -> Decision:
        return KEEP

    def ended(self, trial: Trial, *, sequence: int) -> None: ...

    def intervened(
        self, study: Study, trial: Trial | None, *, action: str, person: str, note: str, sequence: int
    ) -> None: ...

    def closed(self, study: Study, *, sequence: int) -> None: ...

    def next_to_resume(self, study: Study) -> Trial | None:
        return None


@lru_cache(maxsize=1)
def reviewer() -> Reviewer:
    """Return the reviewer that the settings name."""
    return cast(Reviewer, import_string(settings.TRIAL_REVIEWER)())


def _forget_reviewer(*, setting: str, **kwargs: object) -> None:
    if setting == "TRIAL_REVIEWER":
        reviewer.cache_clear()


setting_changed.connect(_forget_reviewer)
