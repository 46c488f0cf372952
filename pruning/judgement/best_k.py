"""The share of wrong stops: would-be-stopped control trials that ended among the best k."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pruning.intervals import clopper_pearson
from pruning.judgement.shadow import Fate, State

HELD = frozenset({State.STOPPED, State.PAUSED})


@dataclass(frozen=True, kw_only=True)
class Member:
    """A control trial that met a cut."""

    number: int
    fate: Fate
    key: float | None
    """Its final value, lower is better, inf where its objective was not a number; None if it did not reach the end."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """So many of so many, with a 95 % interval that also holds whatever comes of those not known yet."""

    hits: int
    known: int
    unknown: int = 0
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def of(cls, hits: int, known: int, *, unknown: int = 0, undecided: int = 0, undecided_hits: int = 0) -> Share:
        """Return the share with its interval (Clopper and Pearson), widened by what is not known.

        unknown: members whose outcome nobody knows; the lower end counts them as no hits, the upper end as hits.
        undecided: members with a known outcome that may yet leave the sample, `undecided_hits` of them hits; the
        lower end counts them all as no hits, the upper end the hits alone.
        """
        low, _ = clopper_pearson(hits, known + unknown + undecided)
        most = hits + unknown + undecided_hits
        _, high = clopper_pearson(most, known + unknown + undecided_hits)
        return cls(hits=hits, known=known, unknown=unknown + undecided, low=low, high=high)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the control arm of one study says of its stops."""

    k: int
    best: tuple[tuple[float, int], ...]
    """(key, number) of the best k COMPLETE trials without the would-be-stopped ones, in order."""
    best_k: Share
    """Would-be-stopped members that ended among the best k."""
    wrong: tuple[int, ...]
    """Their numbers."""
    judged: tuple[Member, ...]
    """Would-be-stopped members with a known end."""
    unknown: tuple[int, ...]
    """Would-be-stopped members that did not reach the end, or all while fewer than k trials are complete."""
    paused: tuple[int, ...]
    """Members that would be paused now, in a study that has not closed: they may yet go on, and then never count."""
    winner: Share
    """Would-be-stopped members that beat the best of the others."""
    gain: float | None
    """By how much the best judged member beat the best of the others, in units of the metric; None if none did."""

    @property
    def met(self) -> int:
        """Return how many members were, or would now be, halted for good."""
        return len(self.judged) + len(self.unknown) + len(self.paused)

    def most_winners(self, n_stopped: int) -> int:
        """Return the upper limit on how many of so many stopped trials would have beaten the winner."""
        return min(n_stopped, math.ceil(self.winner.high * n_stopped - 1e-9))


def judge(members: Iterable[Member], others: Sequence[tuple[float, int]], *, k: int, is_closed: bool) -> Judgement:
    """Return what the members say of the stops.

    members: every control trial a rule spoke against. others: (key, number) of the COMPLETE trials, in any order; the
    would-be-stopped members among them are left out, and at least k must be left where there are as many. Ties go to
    the earlier trial. While fewer than k others are complete, to be among the best k says nothing, so every member is
    unknown. A member counts as would-be-stopped if its shadow was stopped, or is still paused at the close.
    """
    held = sorted((one for one in members if one.fate.state in HELD), key=lambda one: one.number)
    excluded = {one.number for one in held}
    reference = sorted(pair for pair in others if pair[1] not in excluded)
    is_open = {one.number: one.fate.state is State.PAUSED and not is_closed for one in held}
    settled = [one for one in held if not is_open[one.number]]
    enough = len(reference) >= k
    judged = [one for one in settled if one.key is not None and enough]
    unknown = [one.number for one in settled if one.key is None or not enough]
    paused = [one for one in held if is_open[one.number]]
    wrong = [one.number for one in judged if _is_among(one, reference, k)]
    open_wrong = sum(_is_among(one, reference, k) for one in paused) if enough else len(paused)
    beaten = [one for one in judged if _beats(one, reference)]
    open_beaten = sum(_beats(one, reference) for one in paused) if enough else len(paused)
    gains = [reference[0][0] - one.key for one in beaten if one.key is not None]
    return Judgement(
        k=k,
        best=tuple(reference[:k]),
        best_k=Share.of(
            len(wrong), len(judged), unknown=len(unknown), undecided=len(paused), undecided_hits=open_wrong
        ),
        wrong=tuple(wrong),
        judged=tuple(judged),
        unknown=tuple(unknown),
        paused=tuple(one.number for one in paused),
        winner=Share.of(
            len(beaten), len(judged), unknown=len(unknown), undecided=len(paused), undecided_hits=open_beaten
        ),
        gain=max(gains, default=None),
    )


def _is_among(one: Member, reference: Sequence[tuple[float, int]], k: int) -> bool:
    """Say whether a member stands among the best k of the others and itself; unknown ones may yet."""
    return one.key is None or (math.isfinite(one.key) and bisect_left(reference, (one.key, one.number)) < k)


def _beats(one: Member, reference: Sequence[tuple[float, int]]) -> bool:
    return one.key is None or one.key < reference[0][0]
