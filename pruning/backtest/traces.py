"""What became of every trial under one policy, small enough to be kept by the thousand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pruning.rules.base import Kind
from pruning.simulate import Ended, Pool, Run
from pruning.simulate.events import Judged

BEST = 10
"""Of so many trials, the best of the order, every verdict is kept in words."""
FINISHED, WAITED, UNSEEN = "finished", "waiting", "unseen"


@dataclass(frozen=True)
class Ending:
    """How one trial ended under a policy."""

    kind: str
    """`finished`, the motive of the rule that stopped it, `unseen` (it would have gone on where its recording breaks
    off) or `waiting` (it never began)."""
    step: int
    """Its last report."""
    paused: bool = False
    """It was paused and nothing resumed it."""


@dataclass(frozen=True)
class Told:
    """One verdict on one trial."""

    step: int
    kind: str
    reason: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What one run did to its trials."""

    endings: tuple[Ending, ...]
    """In the order of the pool."""
    told: Mapping[int, tuple[Told, ...]]
    """Every verdict on the best trials, in the order in which they fell, by place in the pool."""

    def to_mapping(self) -> dict[str, object]:
        """Return the trace as plain data."""
        return {
            "endings": [[one.kind, one.step, int(one.paused)] for one in self.endings],
            "told": {
                str(place): [[one.step, one.kind, one.reason, one.sentence] for one in told]
                for place, told in self.told.items()
            },
        }

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Trace:
        """Read what `to_mapping` wrote."""
        return cls(
            endings=tuple(Ending(kind, step, bool(paused)) for kind, step, paused in data["endings"]),
            told={int(place): tuple(Told(*one) for one in told) for place, told in data["told"].items()},
        )


def trace_of(pool: Pool, run: Run) -> Trace:
    """Return what a run did to the trials of its pool."""
    newest: dict[int, Judged] = {}
    told: dict[int, list[Told]] = {place: [] for place in best_of(pool.outcomes)}
    for judged in run.verdicts:
        if judged.verdict.kind.halts:
            newest[judged.trial] = judged
        if judged.trial in told:
            verdict = judged.verdict
            told[judged.trial].append(Told(verdict.step, verdict.kind, verdict.reason, verdict.sentence()))
    endings = tuple(_ending(pool, run, place, newest.get(place)) for place in range(len(pool.recordings)))
    return Trace(endings=endings, told={place: tuple(found) for place, found in told.items()})


def best_of(outcomes: Sequence[float], n: int = BEST) -> list[int]:
    """Return the places of the n best outcomes (keys: lower is better), the best first; ties go to the earlier."""
    return sorted(range(len(outcomes)), key=lambda place: (outcomes[place], place))[:n]


def _ending(pool: Pool, run: Run, place: int, halted: Judged | None) -> Ending:
    fate, steps = run.fates[place], pool.recordings[place].curve.steps
    step = int(steps[fate.reports - 1]) if fate.reports else 0
    if fate.ended is Ended.CENSORED:
        return Ending(UNSEEN, step)
    if fate.ended is Ended.COMPLETE:
        return Ending(FINISHED, step)
    if halted is None or fate.ended is Ended.WAITING:
        return Ending(WAITED, step)
    return Ending(halted.verdict.motive or "speed", step, paused=halted.verdict.kind is Kind.PAUSE)
