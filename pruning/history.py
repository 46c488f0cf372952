"""A study as it stood at any moment: its events read in sequence into one state, live and for a replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from django.db.models import Q

from pruning.calibrated_population import CalibratedPopulation
from pruning.happenings import Happenings
from pruning.judgement.shadow import Shadows
from pruning.models import PruningEvent
from pruning.population import key
from pruning.rules import GATES
from pruning.rules.base import WORST
from pruning.rules.calibration import Calibration
from pruning.rules.resuming import Waiting
from pruning.rules.surroundings import Place, Rival
from pruning.standing import root_number
from trials.models import Observation, Study, Trial
from trials.models.values import join

Kind = PruningEvent.Kind

MOVING = Q(kind__in=[Kind.LAUNCHED, Kind.AMENDED, Kind.CALIBRATED, Kind.DRIFTED, Kind.ENDED]) | Q(
    Q(verdict__in=["STOP", "PAUSE", "FINISH"], shadow=False)
    | Q(verdict="PROTECT", reason__in=["control", "diversity"], shadow=False)
    | Q(verdict="RESUME"),
    kind=Kind.VERDICT,
)
"""The ledger rows that change what a later verdict sees."""


class Said(Protocol):
    """What tells whether a row of the ledger changes anything for later verdicts."""

    @property
    def kind(self) -> str: ...

    @property
    def verdict(self) -> str: ...

    @property
    def reason(self) -> str: ...

    @property
    def shadow(self) -> bool: ...


def moves(row: Said) -> bool:
    """Say whether a row changes what a later verdict sees, as `MOVING` does in the database."""
    if row.kind != Kind.VERDICT:
        return row.kind in {Kind.LAUNCHED, Kind.AMENDED, Kind.CALIBRATED, Kind.DRIFTED, Kind.ENDED}
    if row.verdict == "RESUME":
        return True
    spares = row.verdict == "PROTECT" and row.reason in {"control", "diversity"}
    return not row.shadow and (spares or row.verdict in {"STOP", "PAUSE", "FINISH"})


class Seen(NamedTuple):
    """An observation, as a study's state takes it in."""

    sequence: int
    trial: int
    """Number of the configuration."""
    step: int
    value: float | None
    best: float | None


def observations(study: Study, *, after: int, until: int) -> Iterator[Seen]:
    """Yield the observations with `after` < sequence <= `until`, in order."""
    rows = Observation.objects.filter(study=study, sequence__gt=after, sequence__lte=until).order_by("sequence")
    columns = ("sequence", "trial__number", "trial__continues_id", "trial_id", "step", "value", "value_state", "best")
    for sequence, number, continues, trial_id, step, value, state, best in rows.values_list(*columns).iterator():
        root = number if continues is None else root_number(Trial.objects.get(pk=trial_id))
        yield Seen(sequence, root, step, join(value, state), best)


def moving(study: Study, *, after: int, until: int) -> Iterator[PruningEvent]:
    """Yield the ledger rows with `after` < sequence <= `until` that change the state, in order."""
    rows = PruningEvent.objects.of_study(study).filter(sequence__gt=after, sequence__lte=until).filter(MOVING)
    yield from rows.order_by("sequence").iterator(chunk_size=2000)


class Course:
    """What a study's events amount to: the population of every rung, the calibration in force, who is paused."""

    def __init__(self, study: Study) -> None:
        self.maximize = not study.minimises
        self.horizon = study.horizon
        self.population = CalibratedPopulation(looks=(), horizon=study.horizon, watches=True)
        self.waiting: dict[int, Waiting] = {}
        """Paused configurations by number."""
        self.happenings = Happenings(gates=frozenset(GATES))
        self.rivals: dict[int, Rival] = {}
        """The rival that was read last, by number: its points are final."""
        self.places: dict[int, Place] = {}
        """Where configurations stand, as far as it was asked."""
        self.paused_as: dict[int, int] = {}
        """The number of the trial that was paused, by configuration."""
        self.shadows = Shadows()
        """Control trials that would have been paused."""
        self.drifted: set[tuple[str, int]] = set()
        """Signs of drift found so far, each with its step."""

    def read(self, study: Study, *, seen: tuple[int, int], said: tuple[int, int]) -> None:
        """Take in observations and ledger rows of these ranges (after, until), in sequence."""
        events: list[Seen | PruningEvent] = list(observations(study, after=seen[0], until=seen[1]))
        events.extend(moving(study, after=said[0], until=said[1]))
        for event in sorted(events, key=in_sequence):
            self.take_in(event)

    def take_in(self, event: Seen | PruningEvent) -> None:
        """Move on past one event."""
        if isinstance(event, PruningEvent):
            self.happenings.hear(event)
        if isinstance(event, Seen):
            value, best = key(event.value, maximize=self.maximize), key(event.best, maximize=self.maximize)
            self.population.observe(event.trial, event.step, value=value, best=best)
            self.waiting.pop(event.trial, None)
        elif event.kind in {Kind.LAUNCHED, Kind.AMENDED}:
            self.population.look_at(event.evidence["looks"])
        elif event.kind == Kind.CALIBRATED:
            self.population.restate(Calibration.from_mapping(event.evidence["calibration"]))
        elif event.kind == Kind.DRIFTED:
            self.drifted |= {(one["sign"], one["step"]) for one in event.evidence["signs"]}
            if event.evidence["lcb_after"] > event.evidence["lcb"]:
                self.population.widen()
        elif event.shadow:
            if event.verdict == "RESUME" and event.trial_number is not None:
                self.shadows.resume(event.trial_number, event.step or 0)
        elif event.trial_number is not None:
            number = event.evidence.get("configuration", event.trial_number)
            if event.kind == Kind.ENDED:
                self._end(number, event)
            elif event.kind == Kind.VERDICT:
                self._hear(number, event)

    def _end(self, number: int, row: PruningEvent) -> None:
        self.waiting.pop(number, None)
        if row.evidence["state"] == Trial.State.COMPLETE:
            value, best = (key(row.evidence[name], maximize=self.maximize) for name in ("value", "best"))
            self.population.observe(number, self.horizon, value=value, best=best)
            self.population.complete(number)
        elif not row.motive:
            # Failed, stopped by a person or by the study's end: it keeps the rungs it reached, counts nowhere above.
            self.population.restore(number)

    def _hear(self, number: int, row: PruningEvent) -> None:
        step, evidence = row.step or 0, row.evidence
        match row.verdict:
            case "STOP":
                self.population.eliminate(number, step)
            case "PAUSE":
                self.population.eliminate(number, step)
                self._wait(number, row)
            case "RESUME":
                self.population.restore(number)
                self.waiting.pop(number, None)
            case "FINISH":
                self.population.finish(number, step, key(evidence.get("best"), maximize=self.maximize))
                self.population.complete(number)
            case "PROTECT" if row.reason == "control":
                if evidence.get("overruled_reason") == "outpaced":
                    self.population.flag(number, step=step, weight=float(evidence["draw"]["every"]))
                if evidence.get("overruled") == "PAUSE":
                    self.shadows.pause(self._waiting(number, row, evidence["overruled_reason"]))

    def _wait(self, number: int, row: PruningEvent) -> None:
        self.waiting[number] = self._waiting(number, row, row.reason)
        self.paused_as[number] = row.trial_number or 0

    def _waiting(self, number: int, row: PruningEvent, reason: str) -> Waiting:
        evidence: dict[str, Any] = row.evidence
        ranked = self.population.key_of(number, row.step or 0, by=evidence.get("by", "value"))
        keep = evidence.get("keep") if reason == "outpaced" else None
        return Waiting(trial=number, step=row.step or 0, key=WORST if ranked is None else ranked, keep=keep)


def in_sequence(event: Seen | PruningEvent) -> tuple[int, bool]:
    """Order events by sequence number, an observation before the row that judges it."""
    return event.sequence, isinstance(event, PruningEvent)
