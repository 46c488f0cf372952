"""Several strategies by vote: a trial is stopped when enough of them speak against it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from pruning.rules.base import Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.composition import Composition
from pruning.rules.gathering import Gathering
from pruning.rules.resuming import Resuming, Waiting


@dataclass(frozen=True, kw_only=True)
class Vote(Composition):
    """A trial goes no further when at least `needed` of the rules `of` speak against it.

    It is paused if all that speak against it would pause it, else stopped. A rule that abstains does not count. The
    reason and the sentence are those of the first rule that spoke against it; what all of them said stands in the
    evidence. A paused trial goes on when fewer than `needed` of the rules that pause hold it back.
    """

    name: ClassVar[str] = "vote"
    version: ClassVar[int] = 1

    needed: int = 2
    """So many must speak against a trial."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.needed <= len(self.of):
            raise SettingError("needed", self.needed, f"is not between 1 and {len(self.of)}, the number of rules")
        pausing = [place for place, member in enumerate(self.of) if member.pauses]
        for place, member in enumerate(self.of):
            for setting in ("until_members", "until_step"):
                if getattr(member, setting) is not None:
                    remedy = "is for a sequence: a vote asks all its rules"
                    raise SettingError(f"of[{place}].{setting}", getattr(member, setting), remedy)
            if place in pausing and isinstance(member.rule, Gathering):
                remedy = "has trials wait for a whole cohort, which cannot be outvoted: use asha, or action stop"
                raise SettingError(f"of[{place}].rule", member.rule.name, remedy)
            if place in pausing and member.by != self.of[pausing[0]].by:
                remedy = f"is not what of[{pausing[0]}] ranks by: a paused trial waits under one value, use the same"
                raise SettingError(f"of[{place}].by", member.by, remedy)

    def judge(self, facts: Facts) -> Verdict:
        """Stop or pause a trial that enough rules speak against; call it at decision points only."""
        said = [member.rule.judge(facts) for member in self.of]
        against = [place for place, verdict in enumerate(said) if verdict.kind.halts]
        voters = [place for place, verdict in enumerate(said) if verdict.kind is not Kind.ABSTAIN]
        keeping = [place for place in voters if place not in against]
        if len(against) >= self.needed:
            is_pause = all(said[place].kind is Kind.PAUSE for place in against)
            kind, primary = Kind.PAUSE if is_pause else Kind.STOP, against[0]
        else:
            kind, primary = (Kind.KEEP if voters else Kind.ABSTAIN), [*keeping, *against, 0][0]
        counted = {"needed": self.needed, "against": len(against), "voters": len(voters), "primary": primary}
        heard = [member.heard(verdict) for member, verdict in zip(self.of, said, strict=True)]
        reason = "" if kind is Kind.KEEP else said[primary].reason
        return self._verdict(said[primary], kind, reason, counted | {"members": heard})

    def next_to_resume(self, facts: Facts, waiting: Sequence[Waiting], *, is_closing: bool) -> Verdict | None:
        """Return the RESUME of the paused trial that fewer than `needed` rules hold back; None if there is none.

        The highest decision point first, there the best. Every rule that pauses is asked about every trial alone.
        """
        for paused in sorted(waiting, key=lambda one: (-one.step, one.key, one.trial)):
            if math.isfinite(paused.key):
                verdict = self._resumption(facts, paused, is_closing=is_closing)
                if verdict is not None:
                    return verdict
        return None

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return what the first rule said, and how many agreed."""
        facts = cast(dict[str, Any], evidence)
        first, n = facts["members"][facts["primary"]]["clause"], len(facts["members"])
        if "held_back_by" in facts:
            return f"{first}; {facts['held_back_by']} of {n} rules hold it back and {facts['needed']} are needed"
        if facts["against"] >= facts["needed"]:
            return f"{first}; {facts['against']} of {n} rules speak against it"
        return f"{first}; {facts['against']} of {n} rules speak against it and {facts['needed']} are needed"

    def _resumption(self, facts: Facts, paused: Waiting, *, is_closing: bool) -> Verdict | None:
        heard: list[dict[str, Any]] = []
        released: list[tuple[int, Verdict]] = []
        for place, member in enumerate(self.of):
            rule: object = member.rule
            if member.pauses and isinstance(rule, Resuming):
                verdict = rule.next_to_resume(facts, [paused], is_closing=is_closing)
                released.extend([(place, verdict)] if verdict else [])
                heard.append(member.heard(verdict) if verdict else _silent(member.rule.name, member.rule.version))
            else:
                heard.append(_silent(member.rule.name, member.rule.version))
        held = sum(member.pauses for member in self.of) - len(released)
        if not released or held >= self.needed:
            return None
        primary, first = released[0]
        counted = {"needed": self.needed, "held_back_by": held, "primary": primary, "members": heard}
        return self._verdict(first, Kind.RESUME, first.reason, counted)

    def _verdict(self, first: Verdict, kind: Kind, reason: str, counted: dict[str, Any]) -> Verdict:
        evidence = dict(first.evidence) | counted
        return Verdict(
            kind=kind,
            rule=self.name,
            version=self.version,
            step=first.step,
            reason=reason,
            evidence=evidence,
            clause=self.clause(evidence),
        )


def _silent(rule: str, version: int) -> dict[str, Any]:
    """Return the evidence of a rule that has no part in a resumption, or holds the trial back."""
    return {"rule": rule, "version": version, "verdict": "", "reason": "", "clause": "", "evidence": {}}
