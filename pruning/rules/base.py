"""What every rule is given (`Facts`) and what it answers with (`Verdict`).

Rules are pure: the same facts give the same verdict, bit for bit. Inside, lower is always better: values are
brought to that by `Facts.key`, and whatever is not finite counts as worst. Evidence and sentences carry the
values as they were told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pruning.rules.groups import Group
from pruning.rules.reasons import motive_of
from pruning.rules.surroundings import NOTHING, Needs, Places, Resources, Rival

if TYPE_CHECKING:
    from pruning.rules.resuming import Waiting

Scalar = float | int | str | bool | None
Evidence = Mapping[str, object]
"""Scalars by name; lists and mappings of scalars where one name needs several."""

WORST = math.inf


class Kind(StrEnum):
    """The verdicts, in the words of the ledger."""

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
        """Say whether the trial does not train on after this verdict."""
        return self in {Kind.STOP, Kind.FINISH, Kind.PAUSE}


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One series of one trial: strictly ascending steps and the value told at each, NaN and infinities included."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, steps: ArrayLike, values: ArrayLike) -> Curve:
        """Return a curve from points in any order; of points at the same step the last given counts.

        >>> Curve.of([2, 1, 2], [5.0, 7.0, 6.0]).values.tolist()
        [7.0, 6.0]
        """
        step_array = np.asarray(steps, dtype=np.int64).ravel()
        value_array = np.asarray(values, dtype=np.float64).ravel()
        if step_array.size != value_array.size:
            raise ValueError(f"{step_array.size} steps but {value_array.size} values: give one value per step")
        order = np.argsort(step_array, kind="stable")
        step_array, value_array = step_array[order], value_array[order]
        last_of_step = np.append(step_array[1:] != step_array[:-1], True) if step_array.size else np.zeros(0, bool)
        return cls(steps=step_array[last_of_step], values=value_array[last_of_step])

    def __len__(self) -> int:
        return int(self.steps.size)

    def until(self, step: int) -> Curve:
        """Return the part told at or before `step`."""
        end = int(np.searchsorted(self.steps, step, side="right"))
        return self if end == len(self) else Curve(steps=self.steps[:end], values=self.values[:end])

    def without_last(self) -> Curve:
        """Return the curve as it was before its last point."""
        return Curve(steps=self.steps[:-1], values=self.values[:-1])


EMPTY = Curve(steps=np.zeros(0, np.int64), values=np.zeros(0))


class Rung(Protocol):
    """The population of one decision point as order statistics, the judged trial included.

    Values are keys (lower is better, worst = inf). Order: by (key, trial number), so ties go to the earlier
    trial. Eliminated trials, which a rule pruned or paused below this rung, count as worse than all that
    reached it.
    """

    @property
    def reached(self) -> int:
        """Number of trials with a value here."""

    @property
    def eliminated(self) -> int:
        """Number of trials a rule pruned or paused below this rung."""

    @property
    def digest(self) -> str:
        """Digest of all members and values: equal populations have equal digests, whatever the order of arrival."""

    def rank(self, key: float, trial: int) -> int:
        """Return the place of (key, trial) among those that reached the rung, from 1."""

    def value_at(self, place: int) -> tuple[float, int]:
        """Return (key, trial number) of the member at this place, from 1; IndexError beyond `reached`."""

    def values(self) -> Sequence[tuple[float, int]]:
        """Return all (key, trial number) in order; for charts and small populations."""

    @property
    def newest(self) -> int:
        """The largest trial number with a value here, -1 without one; of a trial taken out it may remain."""

    def since(self, trial: int) -> Sequence[tuple[float, int]]:
        """Return (key, trial number) of the members from this number on, by number."""


class Peers(Protocol):
    """The study at one sequence number, seen from one decision."""

    def rung(self, step: int, *, by: str = "value", who: str = "reached", among: Group | None = None) -> Rung:
        """Return the population at a decision point.

        by: `value` as told at the step, `best` told up to it, or `ahead`: where the best is heading (`pruning.ahead`).
        who: `reached`, or `finished` for the trials that have completed (then nobody counts as eliminated). among: one
        group of the trials; None for all.
        """

    def key_of(self, trial: int, step: int, *, by: str = "value") -> float | None:
        """Return a trial's key at a decision point; None if it has not come there."""


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What decided whether a trial belongs to the control arm, fixed before it started."""

    suggestion: int
    """The trial was the sampler's nth suggestion, from 0."""
    every: int
    """One of so many consecutive suggestions is a member."""
    place: int
    """The place drawn in the trial's block, from 0."""

    @property
    def is_member(self) -> bool:
        """Say whether the trial holds the drawn place."""
        return self.suggestion % self.every == self.place


@dataclass(frozen=True, kw_only=True)
class Stream:
    """The trials that have begun and not come to their end, as far as a rule that waits for others must know."""

    begun: int
    """Trial numbers below this one have been handed out."""
    under_way: frozenset[int]
    """The trials (configurations) that train, or wait for a worker; paused ones are not among them."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything a policy may know at one report, as of one sequence number."""

    metric: str
    maximize: bool
    step: int
    horizon: int
    """The planned length T of a trial, in steps."""
    unit: str = "steps"
    trial: int
    """The number of the trial (of the configuration, where a trial continues another)."""
    curve: Curve
    """The objective's own curve up to this step, this report included."""
    others: Mapping[str, Curve] = field(default_factory=dict)
    """Other series of this trial that a gate of the policy reads, by metric name."""
    looks: tuple[int, ...] = ()
    """All decision points of the policy, ascending."""
    peers: Peers | None = None
    """The other trials; None between decision points."""
    draw: Draw | None = None
    """The control arm's draw for this trial; None where the study has no control arm or the trial stands outside."""
    is_pinned: bool = False
    bad_looks: int = 0
    """How many decision points in a row, just before this one, the strategy spoke against this trial."""
    waiting: Sequence[Waiting] = ()
    """Who is paused at this decision point, the judged trial left out."""
    stream: Stream | None = None
    """Who is still to come; known where it is asked which paused trial goes on."""

    instances: Mapping[str, Curve] = field(default_factory=dict)
    """The objective told per fold, seed or domain, by the value of the label that the policy names."""
    rival: Rival | None = None
    """The best configuration that has completed, apart from this one; None before there is one."""
    resources: Resources | None = None
    """What it used and what finished trials used; None between decision points and where nobody asks."""
    hours: float | None = None
    """Hours since the study's ledger began; None where nobody asks."""
    halts: Sequence[float] = ()
    """When, in those hours, the strategy stopped or paused a trial, in the order of the ledger."""
    places: Places | None = None
    """Where configurations stand in the parameter space; None where nobody asks."""
    spared: Sequence[int] = ()
    """The configurations that were spared at this decision point for their diversity, in the order of the ledger."""

    @property
    def look(self) -> int | None:
        """Return the index of this step among the decision points, from 0; None between them."""
        return self.looks.index(self.step) if self.peers is not None and self.step in self.looks else None

    @property
    def value(self) -> float:
        """Return the objective as told at this step; NaN before the first report."""
        return float(self.curve.values[-1]) if len(self.curve) else math.nan

    @property
    def is_control(self) -> bool:
        """Say whether the trial belongs to the control arm."""
        return self.draw is not None and self.draw.is_member

    @property
    def measured(self) -> dict[str, object]:
        """Return what was measured at this moment, or told by it, that nobody could find out later."""
        told = {name: int(curve.steps[-1]) for name, curve in sorted(self.instances.items()) if len(curve)}
        found: dict[str, object] = {"instances": told} if told else {}
        return found | ({"resources": self.resources.measured()} if self.resources else {})

    def key(self, value: float) -> float:
        """Return `value` brought to "lower is better, not finite is worst"."""
        if not math.isfinite(value):
            return WORST
        return (-value if self.maximize else value) + 0.0  # + 0.0: no negative zero, whose bits differ

    def told(self, key: float) -> float:
        """Return the value as told that belongs to a finite key."""
        return (-key if self.maximize else key) + 0.0

    @property
    def normalised(self) -> Curve:
        """Return the objective's curve with lower as better; what is not finite stays so."""
        return self.as_objective(self.curve)

    @property
    def best(self) -> float:
        """Return the best value told so far; NaN while nothing finite was told."""
        keys = self.keys(self.curve)
        best = float(keys.min()) if keys.size else WORST
        return self.told(best) if math.isfinite(best) else math.nan

    @property
    def best_step(self) -> int | None:
        """Return where the best value was first told; None while nothing finite was."""
        keys = self.keys(self.curve)
        return int(self.curve.steps[int(keys.argmin())]) if keys.size and np.isfinite(keys).any() else None

    def as_objective(self, curve: Curve) -> Curve:
        """Return a series of the objective's direction with lower as better."""
        return Curve(steps=curve.steps, values=-curve.values) if self.maximize else curve

    def keys(self, curve: Curve) -> NDArray[np.float64]:
        """Return the curve's values as keys."""
        values = -curve.values if self.maximize else curve.values
        return np.where(np.isfinite(values), values + 0.0, WORST)

    def before(self) -> Facts:
        """Return the facts as they were one report earlier, between decision points."""
        curve = self.curve.without_last()
        step = int(curve.steps[-1]) if len(curve) else 0
        others = {name: series.until(step) for name, series in self.others.items()}
        resources = self.resources.before() if self.resources else None
        return replace(self, step=step, curve=curve, others=others, peers=None, instances={}, resources=resources)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One rule's (or the policy's) answer, with everything it was derived from."""

    kind: Kind
    rule: str
    version: int
    step: int
    reason: str = ""
    """A reason code; for PROTECT and ABSTAIN the safeguard, for RESUME the cause."""
    evidence: Evidence = field(default_factory=dict)
    clause: str = ""
    """What the numbers say, in words: `val_loss 2.81 ranks 79 of 97; the best 24 go on (cut 2.10)`."""
    addition: str = ""
    """What a safeguard adds: `it is in the control arm`."""
    hard: bool = False
    """No safeguard holds against it: the objective itself is not a number."""
    shadow: bool = False
    """Recorded only: the policy stops nothing."""

    @property
    def motive(self) -> str:
        """Return the motive of the reason, also of the one a safeguard overruled."""
        return motive_of(str(self.evidence.get("overruled_reason", self.reason)))

    @property
    def speaks_against(self) -> bool:
        """Say whether a rule wanted the trial to go no further, whatever a safeguard answered."""
        return self.kind.halts or self.kind is Kind.PROTECT

    def sentence(self) -> str:
        """Return the verdict in plain words; its numbers come from the evidence alone."""
        head = (_SHADOW_HEADS if self.shadow else _HEADS).get(self.kind, _HEADS[self.kind])
        tail = f", but {self.addition}" if self.addition else ""
        after = " Its checkpoint is kept." if self.kind is Kind.PAUSE and not self.shadow else ""
        return f"{head} at step {self.step}: {self.clause}{tail}.{after}"


_HEADS: Mapping[Kind, str] = {
    Kind.KEEP: "Kept",
    Kind.WARN: "Noticed",
    Kind.STOP: "Stopped",
    Kind.FINISH: "Finished",
    Kind.PAUSE: "Paused",
    Kind.RESUME: "Resumed",
    Kind.PROTECT: "Spared",
    Kind.ABSTAIN: "No verdict",
}
_SHADOW_HEADS: Mapping[Kind, str] = {
    Kind.STOP: "Would have been stopped",
    Kind.FINISH: "Would have finished",
    Kind.PAUSE: "Would have been paused",
    Kind.RESUME: "Would have been resumed",
}


def needs_of(rule: object) -> Needs:
    """Return what a rule asks for beside curves and ranks; nothing unless it has `needs`."""
    needs = getattr(rule, "needs", NOTHING)
    return needs if isinstance(needs, Needs) else NOTHING


class SettingError(ValueError):
    """A setting that a rule refuses."""

    def __init__(self, setting: str, value: object, remedy: str) -> None:
        self.setting, self.value, self.remedy = setting, value, remedy
        super().__init__(f"{setting}: {value!r} {remedy}")


class Rule(Protocol):
    """One pruning criterion. An implementation is a frozen dataclass of its settings, which refuses nonsense."""

    name: ClassVar[str]
    version: ClassVar[int]
    reasons: ClassVar[tuple[str, ...]]
    """The reason codes it may answer with."""

    def judge(self, facts: Facts) -> Verdict:
        """Return the verdict on these facts."""

    def metrics(self) -> tuple[str, ...]:
        """Return the metrics it reads beside the objective."""

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return the evidence in words."""
