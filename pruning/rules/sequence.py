"""Several strategies one after the other: the first whose condition still holds judges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence as Row
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

from pruning.rules.base import Evidence, Facts, SettingError, Verdict
from pruning.rules.composition import Composition, check_successors
from pruning.rules.gathering import Gathering
from pruning.rules.resuming import Resuming, Waiting
from pruning.rules.words import listed


@dataclass(frozen=True, kw_only=True)
class Sequence(Composition):
    """Of the rules `of` the first whose condition still holds judges: a careful start, say, and a bold end.

    `until_members: 8` holds while fewer than eight trials have come to the decision point, `until_step: 1000` at
    decision points before step 1000. The last rule has no condition, all others have one. The verdict is that of the
    rule that judged; the evidence names it and why it was its turn.
    """

    name: ClassVar[str] = "sequence"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        for place, member in enumerate(self.of):
            is_last = place == len(self.of) - 1
            if member.is_open and not is_last:
                remedy = "has no condition, so those after it are never asked: give it until_members or until_step"
                raise SettingError(f"of[{place}]", member.rule.name, remedy)
            if is_last and not member.is_open:
                remedy = "is the last, so its condition leaves nobody to judge: take the condition away"
                raise SettingError(f"of[{place}]", member.rule.name, remedy)
            if member.until_members is not None:
                check_successors(self.of, place)

    def judge(self, facts: Facts) -> Verdict:
        """Return the verdict of the rule whose turn it is; call it at decision points only."""
        place, members = self._turn(facts, facts.step)
        return self._said(self.of[place].rule.judge(facts), place, members)

    def next_to_resume(self, facts: Facts, waiting: Row[Waiting], *, is_closing: bool) -> Verdict | None:
        """Return the RESUME of a paused trial by the rule whose turn it is where it waits; the last rule first."""
        turns = {step: self._turn(facts, step) for step in {one.step for one in waiting}}
        paused: defaultdict[int, list[Waiting]] = defaultdict(list)
        for one in waiting:
            paused[turns[one.step][0]].append(one)
        for place in sorted(paused, reverse=True):
            rule: object = self.of[place].rule
            if self.of[place].pauses and isinstance(rule, Resuming):
                verdict = rule.next_to_resume(facts, paused[place], is_closing=is_closing)
                if verdict is not None:
                    return self._said(verdict, place, turns[verdict.step][1])
        return None

    def gathers(self, facts: Facts) -> bool:
        """Say whether trials wait for each other here, under the rule whose turn it is."""
        rule: object = self.of[self._turn(facts, facts.step)[0]].rule
        return isinstance(rule, Gathering) and rule.gathers(facts)

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return what the rule said whose turn it was, and why it was."""
        turn = cast(dict[str, Any], evidence)["turn"]
        ends = [f"{turn['until_members']} have come this far"] if turn["until_members"] else []
        ends += [f"step {turn['until_step']}"] if turn["until_step"] else []
        why = f"until {listed(ends)}" if ends else "the last in the row"
        return f"{turn['clause']}; judged by {turn['rule']}, {why}"

    def _turn(self, facts: Facts, step: int) -> tuple[int, int]:
        """Return the place of the rule that judges at a decision point, and how many have come there."""
        if facts.peers is None:
            raise ValueError(f"step {step} is no decision point: a sequence needs the peers")
        members = facts.peers.rung(step).reached
        held = (place for place, member in enumerate(self.of) if member.holds(members=members, step=step))
        return next(held), members

    def _said(self, verdict: Verdict, place: int, members: int) -> Verdict:
        member = self.of[place]
        turn = {
            "place": place,
            "of": len(self.of),
            "rule": verdict.rule,
            "version": verdict.version,
            "members": members,
            "until_members": member.until_members,
            "until_step": member.until_step,
            "clause": verdict.clause,
        }
        evidence = dict(verdict.evidence) | {"turn": turn}
        return replace(verdict, rule=self.name, version=self.version, evidence=evidence, clause=self.clause(evidence))
