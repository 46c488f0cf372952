"""Synchronous successive halving: a cohort waits at every look until all of it has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, cast

from pruning.rules.base import Evidence, Facts, Kind, Rung, SettingError, Verdict
from pruning.rules.gathering import have_come, stream_of
from pruning.rules.groups import Group
from pruning.rules.ranks import BASES, after_cuts, rank_clause, rank_evidence
from pruning.rules.resuming import Waiting, as_paused, leaders
from pruning.rules.verdicts import verdict_of


@dataclass(frozen=True, kw_only=True)
class Cohorts:
    """Consecutive trial numbers in blocks of one size."""

    size: int

    def group_of(self, trial: int) -> int:
        """Return the cohort of a trial: trials 0 to size - 1 are cohort 0."""
        return trial // self.size


@dataclass(frozen=True, kw_only=True)
class Halving:
    """A cohort's trials wait at a look until the last has come; then the best 1/eta of it go on, and so at every look.

    Jamieson & Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization" (AISTATS 2016).
    A cohort is a block of consecutive trial numbers, ranked among itself; it is whole once all its numbers have
    been handed out, or no new trial will come, and nobody of it is still on the way. So one that failed or was
    stopped by a person is not waited for, and one that a gate stopped counts as worse. The quota is integer
    arithmetic: floor(cohort / eta^(look + 1)), at least 1, of those that count.

    Where it differs from `asha` with `action: pause`: there the share is taken of whoever has come so far, so a
    trial goes on that the whole cohort would have outranked, and no trial waits for the slowest. Here nobody goes
    on before the cohort is whole, so the order of arrival plays no part. A trial outside the quota of the full
    cohort is out at once; nothing can bring it back.

    Where control or pinned trials go on without waiting they stand in their cohort with their real values.
    """

    name: ClassVar[str] = "halving"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("outpaced",)

    eta: float = 3.0
    """One in so many goes on; above 1."""
    cohort: int = 27
    """So many trials begin together; best a power of eta, with one look per power."""
    by: str = "value"
    """What is ranked: the `value` told at the step, or the `best` told up to it."""

    def __post_init__(self) -> None:
        if not 1 < self.eta <= 1000:
            raise SettingError("eta", self.eta, "is not above 1 (and at most 1000): use 2 to 4")
        if self.cohort < 2:
            raise SettingError("cohort", self.cohort, "is below 2: nobody would be cut, use 9 to 81")
        if self.by not in BASES:
            raise SettingError("by", self.by, f"is not one of {', '.join(BASES)}")

    def judge(self, facts: Facts) -> Verdict:
        """Pause a trial that is outside its cohort's quota, or whose cohort is not whole; at decision points only."""
        group = Group(Cohorts(size=self.cohort), facts.trial // self.cohort)
        evidence = self._evidence(facts, group, population=self.cohort)
        if evidence["rank"] > evidence["quota"]:
            return verdict_of(self, facts, Kind.PAUSE, "outpaced", evidence)
        if self._has_gathered(facts, group):
            return verdict_of(self, facts, Kind.KEEP, "", evidence)
        return verdict_of(self, facts, Kind.PAUSE, "outpaced", evidence | {"waits": True})

    def next_to_resume(self, facts: Facts, waiting: Sequence[Waiting], *, is_closing: bool) -> Verdict | None:
        """Return the RESUME of a paused trial within its cohort's quota; None while no cohort with one is whole.

        The earliest cohort first, there the lowest look first. facts: the study as of now, with its peers and the
        stream of trials; trial, step and curve are put in.
        """
        stream, cohorts = stream_of(facts), Cohorts(size=self.cohort)
        paused: defaultdict[int, list[Waiting]] = defaultdict(list)
        for one in waiting:
            paused[cohorts.group_of(one.trial)].append(one)
        awaited = sorted(trial for trial in stream.under_way if cohorts.group_of(trial) in paused)
        for number in sorted(paused):
            group = Group(cohorts, number)
            late = [trial for trial in awaited if cohorts.group_of(trial) == number]
            if is_closing or stream.begun >= (number + 1) * self.cohort:
                found = self._first_within(facts, group, paused[number], late)
                if found is not None:
                    said = {"trial": found.trial, "begun": stream.begun, "awaited": awaited}
                    return verdict_of(self, found, Kind.RESUME, "rank", self._evidence(found, group) | said)
        return None

    def gathers(self, facts: Facts) -> bool:
        """Say that trials wait for each other, at every decision point."""
        return True

    def metrics(self) -> tuple[str, ...]:
        """Return no metric: it reads the objective alone."""
        return ()

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return rank, quota and cut in words."""
        facts = cast(dict[str, Any], evidence)
        whole = rank_clause(evidence)
        if not facts["waits"]:
            return whole
        place, _, goal = whole.partition("; ")
        return f"{place} so far; {goal} once all {facts['cohort']} of its cohort have come"

    def _first_within(
        self, facts: Facts, group: Group, paused: Sequence[Waiting], late: Collection[int]
    ) -> Facts | None:
        """Return the facts of the paused trial that goes on, the lowest look first; None if there is none.

        late: members on their way. While one is missing at a look, nobody goes on from there or from above.
        """
        for best in reversed(leaders(paused)):
            rung = self._rung(facts, best.step, group)
            if not have_come(rung, late):
                return None
            then = as_paused(facts, best)
            quota = self._quota(rung.reached + rung.eliminated, then)
            if rung.rank(best.key, best.trial) <= quota:
                return then
        return None

    def _has_gathered(self, facts: Facts, group: Group) -> bool:
        """Say whether all that may come to this look have: the whole cohort stands here or was left below.

        Whoever is within the quota of a lower look and not here yet, paused until a worker is free, is to come.
        """
        rungs = [self._rung(facts, step, group) for step in facts.looks if step <= facts.step]
        if rungs[-1].reached + rungs[-1].eliminated < self.cohort:
            return False
        return all(
            have_come(upper, [trial for _, trial in lower.values()[: after_cuts(self.cohort, eta=self.eta, cuts=cut)]])
            for cut, (lower, upper) in enumerate(pairwise(rungs), start=1)
        )

    def _rung(self, facts: Facts, step: int, group: Group) -> Rung:
        if facts.peers is None:
            raise ValueError(f"step {facts.step} is no decision point: a cohort needs the peers")
        return facts.peers.rung(step, by=self.by, among=group)

    def _quota(self, population: int, facts: Facts) -> int:
        return after_cuts(population, eta=self.eta, cuts=(facts.look or 0) + 1)

    def _evidence(self, facts: Facts, group: Group, population: int | None = None) -> dict[str, Any]:
        """Return rank, quota and cut; population: what the quota is taken of, if not of those that are there."""
        evidence = rank_evidence(
            facts, by=self.by, quota_of=lambda here: self._quota(population or here, facts), among=group
        )
        return evidence | {
            "eta": self.eta,
            "look": facts.look or 0,
            "cohort": self.cohort,
            "cohort_number": group.number,
            "waits": False,
        }
