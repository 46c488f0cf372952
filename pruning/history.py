"""Reading a study's events in sequence into its population: live, in increments, and for a replay."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from pruning.models import PruningEvent
from pruning.population import Population, key
from pruning.standing import root_number
from trials.models import Observation, Study, Trial
from trials.models.values import join

CACHED_STUDIES = 64
MOVING = ("STOP", "PAUSE", "RESUME", "FINISH")
"""The verdicts that move a population."""
Kind = PruningEvent.Kind


class Seen(NamedTuple):
    """An observation, as the population takes it in."""

    sequence: int
    trial: int
    step: int
    value: float | None
    best: float | None


class Spoken(NamedTuple):
    """A ledger row that moves the population."""

    sequence: int
    trial: int
    step: int
    verdict: str
    """The verdict, or `ENDED`."""
    state: str
    """For an ending, the trial's state."""
    motive: str
    best: float | None
    """For a FINISH, the best value that counts."""


def observations(study: Study, *, after: int, until: int) -> Iterator[Seen]:
    """Yield the observations with `after` < sequence <= `until`, in order."""
    rows = Observation.objects.filter(study=study, sequence__gt=after, sequence__lte=until).order_by("sequence")
    columns = ("sequence", "trial__number", "trial__continues_id", "trial_id", "step", "value", "value_state", "best")
    for sequence, number, continues, trial_id, step, value, state, best in rows.values_list(*columns).iterator():
        root = number if continues is None else root_number(Trial.objects.get(pk=trial_id))
        yield Seen(sequence, root, step, join(value, state), best)


def spoken(study: Study, *, after: int, until: int) -> Iterator[Spoken]:
    """Yield the verdicts and endings with `after` < sequence <= `until` that move the population, in order."""
    rows = PruningEvent.objects.of_study(study).filter(sequence__gt=after, sequence__lte=until)
    rows = rows.filter(kind__in=[Kind.VERDICT, Kind.ENDED], shadow=False, verdict__in=["", *MOVING])
    for row in rows.order_by("sequence"):
        event = spoken_in(row)
        if event is not None:
            yield event


def spoken_in(row: PruningEvent) -> Spoken | None:
    """Return how a ledger row moves the population; None if it does not."""
    moves = row.kind == Kind.ENDED or (row.kind == Kind.VERDICT and row.verdict in MOVING)
    if not moves or row.shadow or row.trial_number is None:
        return None
    evidence: dict[str, Any] = row.evidence
    return Spoken(
        sequence=row.sequence,
        trial=evidence.get("configuration", row.trial_number),
        step=row.step or 0,
        verdict=row.verdict or "ENDED",
        state=str(evidence.get("state", "")),
        motive=row.motive,
        best=evidence.get("best"),
    )


def take_in(population: Population, event: Seen | Spoken, *, maximize: bool) -> None:
    """Move a population by one event."""
    match event:
        case Seen():
            value, best = key(event.value, maximize=maximize), key(event.best, maximize=maximize)
            population.observe(event.trial, event.step, value=value, best=best)
        case Spoken(verdict="STOP" | "PAUSE"):
            population.eliminate(event.trial, event.step)
        case Spoken(verdict="RESUME"):
            population.restore(event.trial)
        case Spoken(verdict="FINISH"):
            population.finish(event.trial, event.step, key(event.best, maximize=maximize))
            population.complete(event.trial)
        case Spoken(state=Trial.State.COMPLETE):
            population.complete(event.trial)
        case Spoken(motive=""):
            # Failed, stopped by a person or by the study's end: it keeps the rungs it reached and counts nowhere above.
            population.restore(event.trial)


@dataclass
class Memory:
    """One study's population in this process, with how far it has read and how much of that is committed."""

    population: Population = field(default_factory=Population)
    observed: int = 0
    spoken: int = 0
    committed: int = 0
    token: object = None

    def is_sound(self) -> bool:
        """Say whether everything read is committed or part of the transaction that is still open here."""
        if self.committed >= self.observed:
            return True
        return any(registered[1] is self.token for registered in connection.run_on_commit)

    def read(self, study: Study, sequence: int) -> None:
        """Take in observations up to `sequence` and verdicts before it."""
        events: list[Seen | Spoken] = list(observations(study, after=self.observed, until=sequence))
        events.extend(spoken(study, after=self.spoken, until=sequence - 1))
        maximize = not study.minimises
        for event in sorted(events, key=lambda event: (event.sequence, isinstance(event, Spoken))):
            take_in(self.population, event, maximize=maximize)
        self.observed, self.spoken = sequence, sequence - 1
        self._commit_with_transaction(sequence)

    def _commit_with_transaction(self, sequence: int) -> None:
        def settle() -> None:
            self.committed = max(self.committed, sequence)

        self.token = settle
        transaction.on_commit(settle)


_memories: OrderedDict[UUID, Memory] = OrderedDict()
_guard = threading.Lock()


def population_as_of(study: Study, sequence: int) -> Population:
    """Return the study's population as of a sequence number, reading only what is new since the last call.

    The caller holds the study's lock, so everything below `sequence` is committed or its own. What a rolled-back
    transaction had read is forgotten: the population is then read anew from the start.
    """
    with _guard:
        memory = _memories.get(study.uid)
        if memory is None or not memory.is_sound() or memory.observed >= sequence:
            memory = Memory()
        _memories[study.uid] = memory
        _memories.move_to_end(study.uid)
        while len(_memories) > CACHED_STUDIES:
            _memories.popitem(last=False)
    memory.read(study, sequence)
    return memory.population
