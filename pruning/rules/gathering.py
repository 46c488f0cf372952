"""Rules that have trials wait at a decision point until others have come there too."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, runtime_checkable

from pruning.rules.base import Facts, Rung, Stream


@runtime_checkable
class Gathering(Protocol):
    """A strategy that may have trials wait for each other, with PAUSE and `waits` in the evidence."""

    def gathers(self, facts: Facts) -> bool:
        """Say whether trials wait for each other here, so that a safeguard for few peers has nothing to protect."""


def stream_of(facts: Facts) -> Stream:
    """Return who is still to come; ValueError where that is not known."""
    if facts.stream is None:
        raise ValueError("nobody can be said to have come last: the facts need the stream of trials")
    return facts.stream


def have_come(rung: Rung, trials: Collection[int]) -> bool:
    """Say whether all these trials have come to a decision point."""
    return not trials or set(trials) <= {trial for _, trial in rung.values()}
