"""What a policy would have done to the best trial of a past study, over the random orders in which it was replayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pruning.backtest import Cell, Task
from pruning.backtest.traces import FINISHED, UNSEEN
from pruning.library.card import FIGURES
from pruning.simulate import draw_pool

LOST = FIGURES.index("lost")


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
    was_pruned: bool = False
    """Whether its study stopped trials itself: it is then the best of what was recorded."""
    others_lost: float = 0.0
    """Orders that held it and lost a stopped one that, by the estimate, would have ended better; 0 if it was."""

    @property
    def sentence(self) -> str:
        """Return its lot in words; empty where no order held it."""
        if not self.drawn:
            return ""
        best = f"Trial {self.name}, the best of {self.n_trials}{' as recorded' if self.was_pruned else ''},"
        if not self.stopped:
            return f"{best} would have been kept in all {self.drawn} replays that drew it{self._others}."
        where = f"mostly at step {self.step:,} of {self.horizon:,}"
        return f"{best} would have been stopped in {self.stopped} of the {self.drawn} replays that drew it, {where}."

    @property
    def _others(self) -> str:
        """Return what the replays lost that kept it, so that both numbers are understood at once."""
        if (n := round(self.others_lost)) == 0:
            return ""
        who = "all of them" if n == self.drawn else f"{n} of them"
        whose = "that the study had stopped itself and that, as estimated, would have ended better"
        return f"; but {who} lost a trial {whose}"


def winner_of(task: Task, cells: Sequence[Cell]) -> Winner:
    """Return the lot of a study's best trial (as far as its curves are recorded); cells: with their traces."""
    outcomes = task.pool.outcomes
    best = outcomes.index(min(outcomes))
    drawn, stopped, said, lost = 0, Counter[int](), dict[int, str](), 0.0
    for cell in cells:
        places = draw_pool(name=task.name, size=len(outcomes), order=cell.order)
        if cell.trace is None or best not in places:
            continue
        drawn, place = drawn + 1, places.index(best)
        lost += cell.likely[LOST] if cell.likely is not None else 0.0
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
        was_pruned=any(cell.worst != cell.figures for cell in cells),
        others_lost=0.0 if stopped else lost,
    )
