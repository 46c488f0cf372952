"""What a simulated study can tell a policy beside curves and ranks, as far as its recordings hold it.

A recording may hold its place in the parameter space and its folds or seeds; what a step cost it always holds. A
simulation has no clock: its costs may be steps, so a limit of stops per hour is not asked.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from pruning.population import Population
from pruning.rules.surroundings import Needs, Place, Resources, Rival, Usage
from pruning.simulate.recordings import Pool

DEVICE = "recorded"


class Surroundings:
    """The instances, rival, resources and places of one simulated study (`Places`)."""

    def __init__(self, pool: Pool, needs: Needs) -> None:
        self._pool, self._needs = pool, needs
        self._completed: set[int] = set()
        self._seconds: list[float] = []
        self._used: dict[int, list[Usage]] = defaultdict(list)
        self._spared: dict[int, list[int]] = defaultdict(list)

    def facts(self, number: int, index: int, population: Population) -> dict[str, Any]:
        """Return what the policy asks for at a trial's nth report, a decision point, by the names in `Facts`."""
        needs, recording = self._needs, self._pool.recordings[number]
        step = int(recording.curve.steps[index])
        found: dict[str, Any] = {}
        if needs.label:
            told = recording.instances.get(needs.label, {})
            found["instances"] = {name: curve.until(step) for name, curve in told.items() if curve.steps[0] <= step}
        if needs.rival:
            found["rival"] = self._rival(number, population)
        if needs.resources:
            self._used[number].append(Usage(seconds_per_step=float(recording.spent[index]) / step))
            looks = tuple(self._used[number])
            found["resources"] = Resources(device=DEVICE, looks=looks, finished_seconds=self._seconds)
        if needs.places:
            found |= {"places": self, "spared": self._spared[step]}
        return found

    def complete(self, number: int, index: int) -> None:
        """Hear that a trial completed with its nth report."""
        recording = self._pool.recordings[number]
        self._completed.add(number)
        insort(self._seconds, float(recording.spent[index]) / int(recording.curve.steps[index]))

    def spare(self, number: int, step: int) -> None:
        """Hear that a trial was spared for its diversity."""
        self._spared[step].append(number)

    def of(self, trials: Sequence[int]) -> Mapping[int, Place]:
        """Return the places of these trials, of those whose recordings hold one."""
        places = {number: self._pool.recordings[number].place for number in trials}
        return {number: place for number, place in places.items() if place is not None}

    def _rival(self, number: int, population: Population) -> Rival | None:
        rung = population.rung(self._pool.horizon, by="best")
        for place in range(1, min(rung.reached, 2) + 1):
            _, best = rung.value_at(place)
            if best != number and best in self._completed:
                return Rival(trial=best, instances=self._pool.recordings[best].instances.get(self._needs.label, {}))
        return None
