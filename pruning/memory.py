"""The state of studies, kept in this process between two verdicts, so that each reads only what is new."""

from __future__ import annotations

import threading
from collections import OrderedDict
from uuid import UUID

from django.db import connection, transaction

from pruning.history import Course
from trials.models import Study

STUDIES = 64
"""Studies remembered at a time; the one not asked for longest is forgotten first."""


class Memory:
    """One study's state, how far it has read, and whether the transaction that last touched it went through."""

    def __init__(self, study: Study) -> None:
        self.course = Course(study)
        self.seen = -1
        self.said = -1
        self.is_settled = True
        self.token: object = None

    def fits(self, *, seen: int, said: int) -> bool:
        """Say whether it can be read on from: nothing in it was rolled back, and it is not ahead."""
        if self.seen > seen or self.said > said:
            return False
        return self.is_settled or any(registered[1] is self.token for registered in connection.run_on_commit)

    def read(self, study: Study, *, seen: int, said: int) -> None:
        """Read on, and settle with the transaction that is open."""
        self.course.read(study, seen=(self.seen, seen), said=(self.said, said))
        self.seen, self.said = seen, said
        self.is_settled = False

        def settle() -> None:
            self.is_settled = True

        self.token = settle
        transaction.on_commit(settle)


_memories: OrderedDict[UUID, Memory] = OrderedDict()
_guard = threading.Lock()


def course_at(study: Study, *, seen: int, said: int) -> Course:
    """Return the study's state with observations up to `seen` and ledger rows up to `said` taken in.

    The caller holds the study's lock, so everything up to there is committed or its own. What was read in a
    transaction that was rolled back is forgotten: the state is then read anew from the start.
    """
    with _guard:
        memory = _memories.get(study.uid)
        if memory is None or not memory.fits(seen=seen, said=said):
            memory = _memories[study.uid] = Memory(study)
        _memories.move_to_end(study.uid)
        while len(_memories) > STUDIES:
            _memories.popitem(last=False)
    memory.read(study, seen=seen, said=said)
    return memory.course
