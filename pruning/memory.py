"""The state of studies, kept in this process between two verdicts, so that each reads only what is new.

What this process itself adds it takes in as it writes it; what others added it reads from the database, in two
queries. Without others a verdict so needs none.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from pruning.history import Course, Said, Seen, moves
from pruning.models import PruningEvent
from trials.models import Study
from trials.settling import Settling

STUDIES = 64
"""Studies remembered at a time; the one not asked for longest is forgotten first."""


class Written(Said, Protocol):
    """A row of the ledger that was just written."""

    @property
    def sequence(self) -> int: ...

    def event(self) -> PruningEvent:
        """Return it as a record."""


class Memory(Settling):
    """One study's state, how far it has read, and whether the transaction that last touched it went through."""

    def __init__(self, study: Study) -> None:
        super().__init__()
        self.course = Course(study)
        self.seen = -1
        self.said = -1

    def fits(self, *, seen: int, said: int) -> bool:
        """Say whether it can be read on from: nothing in it was rolled back, and it is not ahead."""
        return self.seen <= seen and self.said <= said and self.holds()

    def read(self, study: Study, *, seen: int, said: int) -> None:
        """Read on, and settle with the transaction that is open."""
        if self.seen < seen or self.said < said:
            self.course.read(study, seen=(self.seen, seen), said=(self.said, said))
            self._move(seen, said)

    def see(self, seen: Seen) -> None:
        """Take in the observation that this process has just written under the next number."""
        self.course.take_in(seen)
        self._move(seen.sequence, self.said)

    def hear(self, row: Written) -> None:
        """Take in the row that this process has just written under the next number."""
        if moves(row):
            self.course.take_in(row.event())
        self._move(max(self.seen, row.sequence), row.sequence)

    def _move(self, seen: int, said: int) -> None:
        self.seen, self.said = seen, said
        self.settle_on_commit()


_memories: OrderedDict[UUID, Memory] = OrderedDict()
_guard = threading.Lock()


def course_at(study: Study, *, seen: int, said: int, new: Seen | None = None) -> Course:
    """Return the study's state with observations up to `seen` and ledger rows up to `said` taken in.

    The caller holds the study's lock, so everything up to there is committed or its own. What was read in a
    transaction that was rolled back is forgotten: the state is then read anew from the start. new: the observation
    under the number `seen`, if the caller has just written it.
    """
    with _guard:
        memory = _memories.get(study.uid)
        if memory is None or not memory.fits(seen=seen, said=said):
            memory = _memories[study.uid] = Memory(study)
        _memories.move_to_end(study.uid)
        while len(_memories) > STUDIES:
            _memories.popitem(last=False)
    if new is not None and memory.seen == memory.said == said == seen - 1:
        memory.see(new)
    else:
        memory.read(study, seen=seen, said=said)
    return memory.course


def heard(study: Study, rows: Sequence[Written]) -> None:
    """Hear of rows that were just appended to a study's ledger, under its lock."""
    memory = _memories.get(study.uid)
    if memory is None or not memory.holds():
        return
    for row in rows:
        if memory.said == row.sequence - 1 <= memory.seen:
            memory.hear(row)
