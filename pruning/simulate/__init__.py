"""Replaying policies on recorded curves: pure Python and numpy, nothing of the database.

`recordings` holds the curves, `events` the simulation of asynchronous workers, `study` a policy that judges in it,
`outcome` what a run was worth, `orders` the draws that all policies share.
"""

from __future__ import annotations

from pruning.simulate.events import Action, Costs, Decider, Ended, Run, train
from pruning.simulate.orders import draw_pool
from pruning.simulate.outcome import Outcome, bounds_of, outcome_of
from pruning.simulate.recordings import Pool, Recording
from pruning.simulate.study import simulate

__all__ = [
    "Action",
    "Costs",
    "Decider",
    "Ended",
    "Outcome",
    "Pool",
    "Recording",
    "Run",
    "bounds_of",
    "draw_pool",
    "outcome_of",
    "simulate",
    "train",
]
