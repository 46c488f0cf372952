"""Which parameters decide how good a trial becomes, and how far that can be trusted: numpy, nothing of Django.

`courses` holds what is known of every trial, `readings` makes one number of it per trial in several ways (most trials
were cut short, so their ends are unknown), `cells` codes the configurations, `trees` and `quantiles` explain the
number by the configuration, and `refits` repeats that on redrawn trials for the intervals.
"""

from __future__ import annotations

from trials.importance.cells import Cells, Factor, coded
from trials.importance.courses import Courses, Fate
from trials.importance.readings import MIN_TRIALS, Reading, agreements, read_all
from trials.importance.refits import Settings, explain

__all__ = [
    "MIN_TRIALS",
    "Cells",
    "Courses",
    "Factor",
    "Fate",
    "Reading",
    "Settings",
    "agreements",
    "coded",
    "explain",
    "read_all",
]
