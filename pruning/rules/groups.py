"""Divisions of a study's trials into groups that are ranked apart: brackets, cohorts."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Split(Protocol):
    """A division of all trials by their numbers alone: a hashable value, so equal splits share their rungs."""

    def group_of(self, trial: int) -> int:
        """Return the number of the group that a trial belongs to."""


class Group(NamedTuple):
    """One group of a split."""

    split: Split
    number: int
