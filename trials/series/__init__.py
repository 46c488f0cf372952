"""All points of every metric of a trial. The layout (tails, chunks) is nobody else's business.

`append` stores one batch, whole or not at all; `read` gives one series back as numpy arrays.
"""

from trials.series.codec import Point, canonical_labels
from trials.series.live import of_attempt
from trials.series.reading import names, read, read_all, read_instances, read_many, read_seconds
from trials.series.whole import Flat, read_study, read_study_seconds, sample
from trials.series.writing import append, compact, inherit

__all__ = [
    "Flat",
    "Point",
    "append",
    "canonical_labels",
    "compact",
    "inherit",
    "names",
    "of_attempt",
    "read",
    "read_all",
    "read_instances",
    "read_many",
    "read_seconds",
    "read_study",
    "read_study_seconds",
    "sample",
]
