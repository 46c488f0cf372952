"""What a study's ledger amounts to beyond ranks: when trials were halted, who was spared, what finished ones used."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from datetime import datetime
from typing import Any, Protocol


class Row(Protocol):
    """What is heard of one ledger row."""

    kind: str
    verdict: str
    reason: str
    rule: str
    shadow: bool
    step: int | None
    at: datetime
    trial_number: int | None

    @property
    def evidence(self) -> dict[str, Any]: ...


class Happenings:
    """State read in sequence, live and for a replay; hearing one row costs a binary search at most."""

    def __init__(self, *, gates: frozenset[str]) -> None:
        self._gates = gates
        self.began_at: datetime | None = None
        self.halts: list[float] = []
        """Hours at which the strategy stopped or paused a trial."""
        self.spared: dict[int, list[int]] = defaultdict(list)
        """Configurations spared for their diversity, by decision point."""
        self.completed_as: dict[int, int] = {}
        """The number of the trial that completed, by configuration."""
        self.seconds: dict[str, list[float]] = defaultdict(list)
        """Seconds per step of trials that completed, ascending, by kind of device."""
        self.memory: dict[str, list[int]] = defaultdict(list)
        """Their peak memory in bytes, likewise."""

    def hours(self, at: datetime) -> float:
        """Return the hours from the ledger's first row to this moment."""
        return 0.0 if self.began_at is None else (at - self.began_at).total_seconds() / 3600

    def hear(self, row: Row) -> None:
        """Take in one row; shadow verdicts halted and spared nobody."""
        self.began_at = self.began_at or row.at
        if row.trial_number is None or row.shadow:
            return
        if row.kind == "ended":
            self._end(row.trial_number, row.evidence)
        elif row.verdict in {"STOP", "PAUSE"} and row.rule not in self._gates:
            self.halts.append(self.hours(row.at))
        elif row.verdict == "FINISH":
            self.completed_as[_configuration(row.trial_number, row.evidence)] = row.trial_number
        elif row.verdict == "PROTECT" and row.reason == "diversity":
            self.spared[row.step or 0].append(_configuration(row.trial_number, row.evidence))

    def _end(self, number: int, evidence: dict[str, Any]) -> None:
        if evidence["state"] != "COMPLETE":
            return
        self.completed_as[_configuration(number, evidence)] = number
        device = str(evidence.get("device", ""))
        if evidence.get("seconds_per_step") is not None:
            insort(self.seconds[device], evidence["seconds_per_step"])
        if evidence.get("memory_bytes") is not None:
            insort(self.memory[device], evidence["memory_bytes"])


def _configuration(number: int, evidence: dict[str, Any]) -> int:
    """Return the number of the configuration that a trial belongs to."""
    found: int = evidence.get("configuration", number)
    return found
