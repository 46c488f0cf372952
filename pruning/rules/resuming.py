"""Rules that pause trials say which of them goes on next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pruning.rules.base import Facts, Verdict


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A paused trial."""

    trial: int
    step: int
    """The decision point at which it was paused."""
    key: float
    """What it was ranked by, lower is better."""
    keep: float | None = None
    """The share that went on when it was paused; None if it waits for more trials to come."""


@runtime_checkable
class Resuming(Protocol):
    """A strategy that answers with PAUSE and RESUME."""

    def next_to_resume(self, facts: Facts, waiting: Sequence[Waiting], *, is_closing: bool) -> Verdict | None:
        """Return the RESUME of the paused trial that should go on, or None while nobody should."""
