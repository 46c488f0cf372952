"""What the rules that are made of other strategies share: their members, and what those need together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, ClassVar

from pruning.rules.base import Rule, SettingError, Verdict, needs_of
from pruning.rules.calibration import Terms
from pruning.rules.resuming import Resuming
from pruning.rules.surroundings import Needs


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Until when a member of a sequence judges; where both are given, until the first of them comes true."""

    until_members: int | None = None
    """It judges while fewer trials than this have come to the decision point, the judged one included."""
    until_step: int | None = None
    """It judges at decision points before this step."""

    def __post_init__(self) -> None:
        for setting in ("until_members", "until_step"):
            value = getattr(self, setting)
            if value is not None and value < 2:
                raise SettingError(setting, value, "is below 2: it would never be asked")

    @property
    def is_open(self) -> bool:
        """Say whether it has no end."""
        return self.until_members is None and self.until_step is None

    def holds(self, *, members: int, step: int) -> bool:
        """Say whether it judges at a decision point to which so many have come."""
        is_early = self.until_members is None or members < self.until_members
        return is_early and (self.until_step is None or step < self.until_step)


@dataclass(frozen=True, kw_only=True)
class Member(Condition):
    """One of the strategies that a composition is made of."""

    rule: Rule

    @property
    def pauses(self) -> bool:
        """Say whether it pauses trials, to resume them."""
        return isinstance(self.rule, Resuming) and getattr(self.rule, "action", "pause") == "pause"

    @property
    def by(self) -> object:
        """Return what it ranks by; a paused trial waits under that value."""
        return getattr(self.rule, "by", None)

    def heard(self, verdict: Verdict) -> dict[str, Any]:
        """Return what it said, as evidence."""
        return {
            "rule": verdict.rule,
            "version": verdict.version,
            "verdict": str(verdict.kind),
            "reason": verdict.reason,
            "clause": verdict.clause,
            "evidence": dict(verdict.evidence),
        }


@dataclass(frozen=True, kw_only=True)
class Composition:
    """A strategy made of other strategies; compositions are not made of compositions."""

    reasons: ClassVar[tuple[str, ...]] = ("outpaced", "underperforming", "unpromising", "outplayed", "outraced")

    of: tuple[Member, ...] = ()
    """The strategies, in order."""

    def __post_init__(self) -> None:
        if len(self.of) < 2:
            names = [member.rule.name for member in self.of]
            raise SettingError("of", names, "is not two rules or more: such as [{rule: asha}, {rule: percentile}]")
        for place, member in enumerate(self.of):
            if isinstance(member.rule, Composition):
                raise SettingError(f"of[{place}].rule", member.rule.name, "is itself made of rules: list those here")
        self._check_calibrations()

    @property
    def terms(self) -> Terms | None:
        """Return what its members calibrate under; None if none does."""
        return next((terms for member in self.of if (terms := _terms_of(member.rule))), None)

    @property
    def needs(self) -> Needs:
        """Return what its members ask for beside curves and ranks."""
        return reduce(or_, (needs_of(member.rule) for member in self.of))

    def metrics(self) -> tuple[str, ...]:
        """Return the metrics its members read beside the objective, each once."""
        return tuple(dict.fromkeys(name for member in self.of for name in member.rule.metrics()))

    def _check_calibrations(self) -> None:
        for place, member in enumerate(self.of):
            if _terms_of(member.rule) not in {None, self.terms}:
                remedy = "calibrates otherwise than one before it: a study keeps one calibration, use equal settings"
                raise SettingError(f"of[{place}].rule", member.rule.name, remedy)


def check_successors(of: Sequence[Member], place: int) -> None:
    """Refuse a member that pauses trials which another one, asked in its stead later, cannot resume."""
    member = of[place]
    for other in range(place + 1, len(of) if member.pauses else 0):
        later = of[other]
        if not later.pauses or later.by != member.by:
            why = f"ranks by {later.by!r}, not {member.by!r}" if later.pauses else "resumes nobody"
            remedy = (
                f"pauses trials that of[{other}] ({later.rule.name}) would have to resume, but that one {why}: "
                "give this one action stop, or both action pause and the same by"
            )
            raise SettingError(f"of[{place}].rule", member.rule.name, remedy)


def _terms_of(rule: Rule) -> Terms | None:
    terms = getattr(rule, "terms", None)
    return terms if isinstance(terms, Terms) else None
