"""What a policy would have done to the best trial of a past study, over the random orders in which it was replayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pruning.backtest import Cell, Task
from pruning.backtest.traces import FINISHED, UNSEEN
from pruning.simulate import draw_pool


@dataclass(frozen=True, kw_only=True)
class Winner:
    """The best trial of a past study."""

    name: str
    """Its number."""
    n_trials: int
    drawn: int
    """Orders whose pool held it."""
    stopped: int
    """Of those, how many ended with it stopped, or paused for good."""
    step: int | None = None
    """Where that happened most often; None if it never did."""
    horizon: int = 0
    verdict: str = ""
    """What was said there."""

    @property
    def sentence(self) -> str:
        """Return its lot in words; empty where no order held it."""
        if not self.drawn:
            return ""
        best = f"Trial {self.name}, the best of {self.n_trials},"
        if not self.stopped:
            return f"{best} would have been kept in all {self.drawn} replays that drew it."
        where = f"mostly at step {self.step:,} of {self.horizon:,}"
        return f"{best} would have been stopped in {self.stopped} of the {self.drawn} replays that drew it, {where}."


def winner_of(task: Task, cells: Sequence[Cell]) -> Winner:
    """Return the lot of a study's best trial (as far as its curves are recorded); cells: with their traces."""
    outcomes = task.pool.outcomes
    best = outcomes.index(min(outcomes))
    drawn, stopped, said = 0, Counter[int](), dict[int, str]()
    for cell in cells:
        places = draw_pool(name=task.name, size=len(outcomes), order=cell.order)
        if cell.trace is None or best not in places:
            continue
        drawn, place = drawn + 1, places.index(best)
        ending = cell.trace.endings[place]
        if ending.kind not in {FINISHED, UNSEEN}:
            stopped[ending.step] += 1
            verdicts = cell.trace.told.get(place, ())
            said.setdefault(ending.step, verdicts[-1].sentence if verdicts else "")
    step = min(stopped, key=lambda at: (-stopped[at], at), default=None)
    return Winner(
        name=task.pool.recordings[best].name,
        n_trials=len(outcomes),
        drawn=drawn,
        stopped=stopped.total(),
        step=step,
        horizon=task.pool.horizon,
        verdict="" if step is None else said[step],
    )
