"""Hyperband: several brackets of asynchronous halving at once, which begin to cut at different looks."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any, ClassVar, cast

from pruning.rules.asha import Asha
from pruning.rules.base import Evidence, Facts, SettingError
from pruning.rules.groups import Group
from pruning.rules.ranks import rank_clause, rank_evidence


@dataclass(frozen=True, kw_only=True)
class Brackets:
    """Trials dealt out to brackets by their numbers, each bracket as often as its share says.

    The first bracket takes its share of all trials, the second its share of those that are left, and so on; each
    takes its n-th trial where n - 1/2 shares are due. So of the first n trials every bracket has its share to within
    one trial, whatever n, and nothing but the number decides.
    """

    shares: tuple[int, ...]
    """How many of sum(shares) trials each bracket gets."""

    @classmethod
    def of(cls, *, brackets: int, eta: float) -> Brackets:
        """Return so many brackets, bracket s with the share b / (b - s) · eta^(b - 1 - s), rounded up.

        >>> Brackets.of(brackets=3, eta=3.0).shares
        (9, 5, 3)
        """
        whole, last = Fraction(str(eta)), brackets - 1
        return cls(shares=tuple(ceil(Fraction(brackets, brackets - s) * whole ** (last - s)) for s in range(brackets)))

    def group_of(self, trial: int) -> int:
        """Return the bracket of a trial, 0 for the one that cuts first."""
        place, left = trial, sum(self.shares)
        for bracket, share in enumerate(self.shares[:-1]):
            taken = _due(place, share, left)
            if _due(place + 1, share, left) > taken:
                return bracket
            place, left = place - taken, left - share
        return len(self.shares) - 1


@dataclass(frozen=True, kw_only=True)
class Hyperband(Asha):
    """Bracket s begins to cut at the s-th look (bracket 0 at the first, the last one never), each among its own trials.

    Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization" (JMLR 2018), with the
    asynchronous halving of `asha` in every bracket, as in "A system for massively parallel hyperparameter tuning"
    (2020). It hedges against early values that mislead: what bracket 0 would cut too soon, a later bracket
    does not.

    Departures: all brackets run at once, where the paper runs one after the other. A trial's bracket follows from
    its number alone, so renaming a study changes nothing. And there are as many brackets as the policy's looks
    allow, counted, where a rounded logarithm loses one.
    """

    name: ClassVar[str] = "hyperband"
    version: ClassVar[int] = 1

    brackets: int | None = None
    """At most so many brackets; none: one more than there are looks, so that the last one is never cut."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.brackets is not None and self.brackets < 1:
            raise SettingError("brackets", self.brackets, "is below 1: 1 is asynchronous halving, leave it out for all")

    def _split(self, facts: Facts) -> Brackets:
        most = len(facts.looks) + 1
        return Brackets.of(brackets=min(self.brackets or most, most), eta=self.eta)

    def _evidence(self, facts: Facts) -> dict[str, Any]:
        split, look = self._split(facts), facts.look or 0
        bracket = split.group_of(facts.trial)
        evidence = rank_evidence(
            facts,
            by=self.by,
            quota_of=lambda population: self.quota(population, look - bracket) if look >= bracket else population,
            among=Group(split, bracket),
        )
        return evidence | {
            "eta": self.eta,
            "look": look,
            "bracket": bracket,
            "brackets": len(split.shares),
            "shares": list(split.shares),
            "first_look": facts.looks[bracket] if bracket < len(facts.looks) else None,
        }

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return rank, quota, cut and bracket in words."""
        facts = cast(dict[str, Any], evidence)
        whole = rank_clause(evidence)
        if facts["look"] >= facts["bracket"]:
            return f"{whole} in bracket {facts['bracket']}"
        place, _, _ = whole.partition(";")
        begins = "is never cut" if facts["first_look"] is None else f"is not cut before step {facts['first_look']}"
        return f"{place} in bracket {facts['bracket']}, which {begins}"


def _due(n: int, share: int, whole: int) -> int:
    """Return how many of the first n trials a bracket has taken that gets `share` of `whole`: rounded, half up."""
    return (2 * n * share + whole) // (2 * whole)
