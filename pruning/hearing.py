"""What was heard of one study's control arm: what rules said against its members, and how those ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pruning.judgement.best_k import HELD, Member
from pruning.judgement.shadow import Fate, Said, fate
from pruning.population import key
from pruning.rollups import Spared
from pruning.rules.base import WORST
from trials.models import Trial


@dataclass
class Heard:
    """A study's control arm, up to one sequence number; each word and each ending is weighed once."""

    best_k: int
    maximize: bool
    sequence: int = -1
    said: dict[int, list[Said]] = field(default_factory=dict)
    """By number of the member, as are all that follow."""
    held: dict[int, Member] = field(default_factory=dict)
    """Those whose shadows are stopped or paused."""
    ends: dict[int, float | None] = field(default_factory=dict)
    """The final keys of those that have ended; None if they did not reach the end."""
    values: dict[int, float] = field(default_factory=dict)
    """The final values of those that are complete, as told."""
    open: set[int] = field(default_factory=set)
    """Held ones that had not ended when last asked."""

    def take_in(self, row: Spared) -> None:
        """Hear a spared verdict or a would-be RESUME; hearing it twice changes nothing."""
        if row.sequence <= self.sequence:
            return
        self.sequence = row.sequence
        number = row.trial_number
        said = self.said.setdefault(number, [])
        said.append(Said(row.sequence, row.step, row.wanted, rule=row.rule, reason=row.reason, motive=row.motive))
        self._place(number, fate(said))

    def end(self, number: int, state: str, motive: str, value: float | None) -> None:
        """Learn how a held member ended."""
        self.open.discard(number)
        self.ends[number] = self._final_key(state, motive, value)
        if state == Trial.State.COMPLETE and value is not None:
            self.values[number] = value
        if number in self.held:
            self._place(number, self.held[number].fate)

    def members(self) -> Sequence[Member]:
        """Return every held member."""
        return list(self.held.values())

    def _place(self, number: int, found: Fate) -> None:
        if found.state not in HELD:
            self.held.pop(number, None)
            self.open.discard(number)
            return
        self.held[number] = Member(number=number, fate=found, key=self.ends.get(number))
        if number not in self.ends:
            self.open.add(number)

    def _final_key(self, state: str, motive: str, value: float | None) -> float | None:
        """Return a member's final value as a key; None if it did not reach the end.

        A member that a rule ended all the same had an objective that was not a number: that end is known, and last.
        """
        if state == Trial.State.COMPLETE and value is not None:
            return key(value, maximize=self.maximize)
        return WORST if state == Trial.State.PRUNED and motive else None
