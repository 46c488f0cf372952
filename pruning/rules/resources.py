"""Resources gate: a trial that is much slower, or holds much more memory, than trials that finished."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from pruning.rules.base import Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.slopes import ACTIONS
from pruning.rules.surroundings import Needs, Usage
from pruning.rules.verdicts import verdict_of
from pruning.rules.words import count, number

GIGABYTE = 1e9
SECONDS, MEMORY = "seconds_per_step", "memory_gb"


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Notice a trial whose steps take, or whose memory is, more than `factor` times the median of finished trials.

    Compared are trials that completed on the same kind of device, at least `min_peers` of them; absolute limits need
    none. Judged at decision points, on `reports` of them in a row: what was measured at each then, against the
    median of now (the lower one of two: an observed figure).
    """

    name: ClassVar[str] = "resources"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("over_budget",)
    needs: ClassVar[Needs] = Needs(resources=True)

    factor: float = 3.0
    """How many times the median of finished trials is too much."""
    min_peers: int = 5
    """With fewer finished trials on the same kind of device there is no comparison."""
    reports: int = 2
    """Looks in a row before it speaks."""
    max_seconds_per_step: float | None = None
    max_memory_gb: float | None = None
    """Limits whatever others used, in seconds and in 10^9 bytes; none: only the comparison."""
    action: str = "warn"
    """`stop`, or `warn` to only notice."""

    def __post_init__(self) -> None:
        if not 1 < self.factor < math.inf:
            raise SettingError("factor", self.factor, "is not above 1: 3 is usual")
        if self.min_peers < 1:
            raise SettingError("min_peers", self.min_peers, "is below 1: a median needs one finished trial at least")
        if self.reports < 1:
            raise SettingError("reports", self.reports, "is below 1: one look is the least")
        for setting in ("max_seconds_per_step", "max_memory_gb"):
            limit = getattr(self, setting)
            if limit is not None and not 0 < limit < math.inf:
                raise SettingError(setting, limit, "is not a positive number: leave it out for no limit")
        if self.action not in ACTIONS:
            raise SettingError("action", self.action, "is not one of stop, warn")

    def judge(self, facts: Facts) -> Verdict:
        """Warn (or stop) while the trial uses that much more; keep it where nothing was measured."""
        evidence = self._evidence(facts)
        kind = ACTIONS[self.action] if evidence else Kind.KEEP
        return verdict_of(self, facts, kind, "over_budget" if evidence else "", evidence)

    def metrics(self) -> tuple[str, ...]:
        """Return no metric: what a trial uses is measured, not reported."""
        return ()

    def _evidence(self, facts: Facts) -> dict[str, Any]:
        used = facts.resources
        if used is None:
            return {}
        finished_gb = [memory / GIGABYTE for memory in used.finished_memory]
        told = {"device": used.device, "look": len(used.looks)}
        for name, read, limit, finished in (
            (SECONDS, _seconds, self.max_seconds_per_step, used.finished_seconds),
            (MEMORY, _gigabytes, self.max_memory_gb, finished_gb),
        ):
            found = self._excess([read(usage) for usage in used.looks], limit, finished)
            if found:
                return {"metric": name, **found, **told}
        return {}

    def _excess(
        self, looks: Sequence[float | None], limit: float | None, finished: Sequence[float]
    ) -> dict[str, Any] | None:
        """Return what is too much of one resource, against the absolute limit first; None if nothing is."""
        usual = finished[(len(finished) - 1) // 2] if len(finished) >= self.min_peers else None
        value = looks[-1]
        if limit is not None and (in_a_row := _beyond(looks, limit)) >= self.reports:
            return {"value": value, "limit": limit, "in_a_row": in_a_row, "usual": None}
        if usual and (in_a_row := _beyond(looks, self.factor * usual)) >= self.reports:
            told = {"value": value, "limit": self.factor * usual, "in_a_row": in_a_row}
            return told | {"usual": usual, "factor": self.factor, "finished": len(finished)}
        return None

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return what it uses and what is usual in words."""
        facts = cast(dict[str, Any], evidence)
        if not facts:
            return "it uses no more than allowed"
        what = "a step takes {} s" if facts["metric"] == SECONDS else "it has held {} GB"
        often = f"at {count(facts['in_a_row'], 'look')} in a row"
        if facts["usual"] is None:
            return f"{what.format(number(facts['value']))}, more than the limit of {number(facts['limit'])}, {often}"
        trials = f"{count(facts['finished'], 'finished trial')} on {facts['device']}"
        usual = f"more than {number(facts['factor'], 1)} times the median {number(facts['usual'])} of {trials}"
        return f"{what.format(number(facts['value']))}, {usual}, {often}"


def _seconds(usage: Usage) -> float | None:
    return usage.seconds_per_step


def _gigabytes(usage: Usage) -> float | None:
    return None if usage.memory_bytes is None else usage.memory_bytes / GIGABYTE


def _beyond(looks: Sequence[float | None], limit: float) -> int:
    """Return at how many of the last looks the figure was above the limit; one that was not measured ends the row."""
    row = 0
    for figure in reversed(looks):
        if figure is None or not figure > limit:
            break
        row += 1
    return row
