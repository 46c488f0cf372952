"""What a simulated study was worth: compute spent, regret, and whether the winner was lost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

from pruning.simulate.recordings import Pool
from pruning.simulate.study import Ended, Run

MATERIAL = 0.05


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One run in four figures. Regret: 0 is the pool's best outcome, 1 that of a median trial."""

    compute: float
    """Share of the compute of training every trial to its end."""
    regret: float
    lost: bool
    """The run ended without the pool's best outcome."""
    stopped: int
    """Trials that did not come to their end."""

    @property
    def is_material(self) -> bool:
        """Say whether what was lost matters: near-ties make `lost` look worse than it is."""
        return self.regret > MATERIAL


def outcome_of(pool: Pool, run: Run) -> Outcome:
    """Return what a run was worth.

    In hand is the best checkpoint of the trials that ended COMPLETE; if none did, the best of all that reported.
    """
    ended = [fate for fate in run.fates if fate.ended is Ended.COMPLETE] or list(run.fates)
    in_hand = min(fate.best for fate in ended)
    best = min(pool.outcomes)
    return Outcome(
        compute=run.spent / pool.full_cost,
        regret=_regret(in_hand, pool),
        lost=in_hand > best,
        stopped=sum(fate.ended is not Ended.COMPLETE for fate in run.fates),
    )


def _regret(in_hand: float, pool: Pool) -> float:
    """Return (in hand - best) / (median - best) over the finite outcomes; a run with nothing in hand counts as 1."""
    finite = [outcome for outcome in pool.outcomes if math.isfinite(outcome)]
    if not finite:
        return 0.0
    best, middle = min(finite), median(finite)
    if in_hand == best:
        return 0.0
    if not math.isfinite(in_hand) or middle == best:
        return 1.0
    return (in_hand - best) / (middle - best)
