"""What a simulated study was worth: compute spent, regret, and whether the winner was lost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

from pruning.simulate.events import Ended, Run
from pruning.simulate.recordings import Pool

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
    Where recordings break off, their unseen parts count as never trained (`bounds_of` says what they leave open).
    """
    return _outcome(pool, run, in_hand=_in_hand(run), best=min(pool.outcomes), extra=0.0)


def bounds_of(pool: Pool, run: Run) -> tuple[Outcome, Outcome]:
    """Return what a run was worth at best and at worst; equal where no recording of the pool breaks off.

    Best case: those that would have gone on beyond their recordings gained all that was possible and are in hand,
    those that were stopped would have gained nothing more. Worst case: every trial that breaks off would have gained
    all that was possible, and none of them is in hand. Either way the scale of regret is that of what was recorded,
    and the other trials' verdicts are those that fell without the unseen parts. Compute: the unseen parts cost
    nothing, or all that was left to their ends at each trial's own pace.
    """
    if not any(recording.is_censored for recording in pool.recordings):
        known = outcome_of(pool, run)
        return known, known
    gained = [best - (one.hidden_gain or 0.0) for best, one in zip(pool.outcomes, pool.recordings, strict=True)]
    ended = [fate.ended for fate in run.fates]
    gone_on = [gain for gain, how in zip(gained, ended, strict=True) if how is Ended.CENSORED]
    left = sum(
        one.whole_cost(pool.horizon) - one.cost
        for one, how in zip(pool.recordings, ended, strict=True)
        if how is Ended.CENSORED
    )
    in_hand = _in_hand(run)
    return (
        _outcome(pool, run, in_hand=min([in_hand, *gone_on]), best=min([*pool.outcomes, *gone_on]), extra=0.0),
        _outcome(pool, run, in_hand=in_hand, best=min(gained), extra=left),
    )


def _outcome(pool: Pool, run: Run, *, in_hand: float, best: float, extra: float) -> Outcome:
    return Outcome(
        compute=(run.spent + extra) / pool.full_cost,
        regret=_regret(in_hand, best, pool),
        lost=in_hand > best,
        stopped=sum(fate.ended is not Ended.COMPLETE for fate in run.fates),
    )


def _in_hand(run: Run) -> float:
    ended = [fate for fate in run.fates if fate.ended is Ended.COMPLETE] or list(run.fates)
    return min(fate.best for fate in ended)


def _regret(in_hand: float, best: float, pool: Pool) -> float:
    """Return (in hand - best) / (median - best of the finite outcomes); a run with nothing in hand counts as 1."""
    finite = [outcome for outcome in pool.outcomes if math.isfinite(outcome)]
    if not finite or in_hand == best:
        return 0.0
    scale = median(finite) - min(finite)
    if not math.isfinite(in_hand) or scale == 0:
        return 1.0
    return (in_hand - best) / scale
