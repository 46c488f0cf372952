"""The query language over trials: `state = pruned and lr > 1e-4 or tag = baseline`."""

from trials.query.completing import Completion, complete
from trials.query.conditions import parse
from trials.query.fields import Catalogue, Field, Kind, choice_text, named
from trials.query.language import QueryError, quoted
from trials.query.marking import marks
from trials.query.places import prepared

__all__ = [
    "Catalogue",
    "Completion",
    "Field",
    "Kind",
    "QueryError",
    "choice_text",
    "complete",
    "marks",
    "named",
    "parse",
    "prepared",
    "quoted",
]
