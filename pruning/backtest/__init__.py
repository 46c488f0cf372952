"""What policies would have done to recorded studies: pure Python and numpy, nothing of the database.

`tasks` says which curves can be played, `named` makes policies, `cells` plays one study once and remembers it,
`scores` sums up with intervals, `tables` and `report` say it to people and programs.
"""

from __future__ import annotations

from pruning.backtest.cells import Cell, WorkFile, play
from pruning.backtest.named import NAMED, Maker, fitting
from pruning.backtest.report import report
from pruning.backtest.scores import Scores
from pruning.backtest.tables import tables
from pruning.backtest.tasks import Skipped, Task, obstacle

__all__ = [
    "NAMED",
    "Cell",
    "Maker",
    "Scores",
    "Skipped",
    "Task",
    "WorkFile",
    "fitting",
    "obstacle",
    "play",
    "report",
    "tables",
]
