"""Replaying policies on recorded curves: pure Python and numpy, nothing of the database.

`recordings` holds the curves, `study` the event simulation of asynchronous workers, `outcome` what a run was
worth, `orders` the draws that all policies share.
"""

from __future__ import annotations

from pruning.simulate.orders import draw_pool
from pruning.simulate.outcome import Outcome, bounds_of, outcome_of
from pruning.simulate.recordings import Pool, Recording
from pruning.simulate.study import Costs, Ended, Run, simulate

__all__ = ["Costs", "Ended", "Outcome", "Pool", "Recording", "Run", "bounds_of", "draw_pool", "outcome_of", "simulate"]
