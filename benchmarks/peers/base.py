"""What all peers share: the pool's order, one gate for values that are not numbers, and what a peer is called."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Set
from dataclasses import dataclass
from importlib import metadata

from pruning.simulate import Action, Pool

Maker = Callable[[Pool, int], "Foreign"]
"""Makes a peer's decider for a pool; the number stands for everything that it draws at random."""


class Foreign(ABC):
    """A decider (`pruning.simulate.Decider`) that asks another library's own code.

    Trials begin in the pool's order. A value that is not a finite number ends its trial as an error would, for every
    peer as for our own policies: most libraries would train on it, at their own cost.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._begun = 0

    def next_to_train(self, *, at: float, under_way: Set[int]) -> int | None:
        """Return the next trial of the pool; a scheduler that resumes trials says who instead."""
        return self._next_to_begin()

    def report(self, trial: int, index: int, *, at: float) -> Action:
        """Tell the library a report and return its decision; at the end of a recording nothing is left to stop."""
        curve = self.pool.recordings[trial].curve
        step, value = int(curve.steps[index]), float(curve.values[index])
        if not math.isfinite(value):
            self.failed(trial)
            return Action.STOP
        if index + 1 == len(curve):
            self.completed(trial, step, value)
            return Action.KEEP
        return self.judged(trial, step, value)

    def end(self, trial: int) -> None:  # noqa: B027  # none of them needs it
        """The library heard of it with the last report."""

    @abstractmethod
    def judged(self, trial: int, step: int, value: float) -> Action:
        """Tell the library a report and return its decision."""

    @abstractmethod
    def completed(self, trial: int, step: int, value: float) -> None:
        """Tell the library a trial's last report, and that it came to its end."""

    @abstractmethod
    def failed(self, trial: int) -> None:
        """Tell the library that a trial ended with an error."""

    def _next_to_begin(self) -> int | None:
        if self._begun == len(self.pool.recordings):
            return None
        self._begun += 1
        return self._begun - 1


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One scheduler of another library under one setting."""

    distribution: str
    """The library as its package is called."""
    releases: str
    """The beginning of the versions that have it; empty for any."""
    settings: str
    """What is asked of it, as its own call would be written; T is the planned length in reports."""
    make: Maker

    @property
    def version(self) -> str | None:
        """Return the installed version; None if the library, or a release that has this peer, is absent."""
        try:
            found = metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return None
        return found if found.startswith(self.releases) else None

    @property
    def fingerprint(self) -> str:
        """Return what stands for it in a work file: library, version and settings."""
        return f"{self.distribution} {self.version}: {self.settings}"

    def is_shown_by(self, fingerprint: str) -> bool:
        """Say whether a work file's fingerprint is of this peer, whatever the version."""
        library, _, rest = fingerprint.partition(" ")
        version, _, settings = rest.partition(": ")
        return library == self.distribution and version.startswith(self.releases) and settings == self.settings
