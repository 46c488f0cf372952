"""The shadow of a control trial: how far it would have come if the rules had been allowed to halt it.

A member trains on whatever the rules say. What they said stands in the ledger: STOP, PAUSE and FINISH as the
verdicts that the control arm overruled, RESUME as a would-be resumption. Its shadow obeys them.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from pruning.rules.resuming import Waiting


class Said(NamedTuple):
    """One verdict against a member that the control arm overruled, or a would-be RESUME."""

    sequence: int
    step: int
    wanted: str
    """STOP, PAUSE, FINISH or RESUME."""
    rule: str = ""
    reason: str = ""
    motive: str = ""


class State(StrEnum):
    """Where a shadow stands."""

    WENT_ON = "went_on"
    STOPPED = "stopped"
    PAUSED = "paused"
    FINISHED = "finished"


class Fate(NamedTuple):
    """Where a member's shadow stands, and the verdict that put it there; None while it goes on."""

    state: State
    by: Said | None = None


def fate(said: Sequence[Said]) -> Fate:
    """Return where the shadow of a member stands after all that was said, in any order.

    The shadow walks the steps upwards. A PAUSE holds it until a RESUME at the same step; what was said further up
    counts only once it goes on, whenever it was said: there the trial would have arrived later, on the same curve.
    A FINISH ends it complete, which is no stop.
    """
    for one in sorted(said, key=lambda one: (one.step, one.sequence)):
        if one.wanted == "STOP":
            return Fate(State.STOPPED, one)
        if one.wanted == "FINISH":
            return Fate(State.FINISHED, one)
        if one.wanted == "PAUSE" and not _is_resumed(one, said):
            return Fate(State.PAUSED, one)
    return Fate(State.WENT_ON)


def _is_resumed(pause: Said, said: Sequence[Said]) -> bool:
    return any(one.wanted == "RESUME" and one.step == pause.step and one.sequence > pause.sequence for one in said)


class Shadows:
    """The control trials whose shadows are paused, as a study's events are read in sequence.

    A shadow waits at its lowest pause; those further up hold it only once it has come there.
    """

    def __init__(self) -> None:
        self._pauses: dict[int, dict[int, Waiting]] = {}

    def pause(self, waiting: Waiting) -> None:
        """Hear that a member would have been paused."""
        self._pauses.setdefault(waiting.trial, {})[waiting.step] = waiting

    def resume(self, trial: int, step: int) -> None:
        """Hear that a member would go on from this step; hearing it twice changes nothing."""
        pauses = self._pauses.get(trial, {})
        pauses.pop(step, None)
        if not pauses:
            self._pauses.pop(trial, None)

    @property
    def waiting(self) -> list[Waiting]:
        """Return where each paused shadow waits."""
        return [pauses[min(pauses)] for pauses in self._pauses.values()]
