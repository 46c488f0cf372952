"""Verdicts that another library took: recorded with the evidence it had, not judged again by a replay.

Its next version may answer otherwise on the same facts, and this software cannot keep every version at hand.
"""

from __future__ import annotations

from collections.abc import Mapping

MARK = "recorded"
"""The name in a verdict's evidence: the library and its version, such as `Optuna 5.0.0`."""


def recorded_by(evidence: object) -> str:
    """Return the library that took the verdict, or had a say in it (concurring, a vote); empty if none had.

    >>> recorded_by({"concurring": [{"rule": "optuna", "evidence": {"recorded": "Optuna 5.0.0"}}]})
    'Optuna 5.0.0'
    """
    if isinstance(evidence, Mapping):
        mark = evidence.get(MARK)
        if isinstance(mark, str):
            return mark
        return next((found for value in evidence.values() if (found := recorded_by(value))), "")
    if isinstance(evidence, list | tuple):
        return next((found for value in evidence if (found := recorded_by(value))), "")
    return ""
