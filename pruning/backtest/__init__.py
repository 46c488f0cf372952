"""What policies would have done to recorded studies: pure Python and numpy, nothing of the database.

`tasks` says which curves can be played, `named` makes policies, `planning` fits the one to the other, `cells` plays
one study once and remembers it, `traces` keeps what became of every trial,
`scores` sums up with intervals, `tables` and `report` say it to people and programs.
"""

from __future__ import annotations

from pruning.backtest.cells import Cell, Work, WorkFile, play
from pruning.backtest.named import NAMED, Maker, fitting
from pruning.backtest.planning import NothingToPlay, Plan, cells_of, fingerprints, planned, undrawn
from pruning.backtest.report import report
from pruning.backtest.scores import Scores
from pruning.backtest.tables import tables
from pruning.backtest.tasks import Skipped, Task, obstacle
from pruning.backtest.traces import Ending, Told, Trace

__all__ = [
    "NAMED",
    "Cell",
    "Ending",
    "Maker",
    "NothingToPlay",
    "Plan",
    "Scores",
    "Skipped",
    "Task",
    "Told",
    "Trace",
    "Work",
    "WorkFile",
    "cells_of",
    "fingerprints",
    "fitting",
    "obstacle",
    "planned",
    "play",
    "report",
    "tables",
    "undrawn",
]
