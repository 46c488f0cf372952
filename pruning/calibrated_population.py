"""A population that calibrates itself as observations arrive (`CalibratedPeers`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pruning.links import Spared
from pruning.population import Population
from pruning.rules.calibration import Calibration, Terms, calibrate, is_due


class CalibratedPopulation(Population):
    """All rungs of one study, with the calibration in force and the flagged control trials.

    The end of training is a rung at `horizon`: a trial that completes is observed there too. A calibration is
    made when one is asked for and due, so a study whose strategy asks for none pays nothing.
    """

    def __init__(self, *, looks: Sequence[int], horizon: int) -> None:
        super().__init__()
        self._looks, self._horizon = tuple(looks), horizon
        self._arrivals = 0
        self._standing: dict[Terms, Calibration] = {}
        self._spared: dict[int, Spared] = {}

    @property
    def arrivals(self) -> int:
        """Return the number of observations taken in."""
        return self._arrivals

    def observe(self, trial: int, step: int, *, value: float, best: float) -> None:
        """Take in an observation; a newer one of the same trial and step replaces the older."""
        super().observe(trial, step, value=value, best=best)
        self._arrivals += 1

    def look_at(self, looks: Sequence[int]) -> None:
        """Hear which decision points hold from now on."""
        self._looks = tuple(looks)

    def in_force(self, terms: Terms) -> Calibration | None:
        """Return the calibration in force under these terms without making one."""
        return self._standing.get(terms)

    def flag(self, trial: int, *, step: int, weight: float) -> None:
        """Hear that a control trial was spared at `step`: it stands for `weight` trials that were not."""
        first = self._spared.get(trial)
        if first is None or step < first.step:
            self._spared[trial] = Spared(step=step, weight=weight)

    def spared(self) -> Mapping[int, Spared]:
        """Return the flagged control trials by number."""
        return self._spared

    def calibration(self, terms: Terms) -> Calibration:
        """Return the calibration in force under these terms, made anew when it is due."""
        standing = self._standing.get(terms)
        if standing is not None and not is_due(arrivals=self._arrivals, last=standing.arrivals):
            return standing
        made = calibrate(
            self,
            looks=self._looks,
            horizon=self._horizon,
            terms=terms,
            version=standing.version + 1 if standing else 1,
            arrivals=self._arrivals,
            spared=self._spared,
        )
        self._standing[terms] = made
        return made

    def restate(self, calibration: Calibration) -> None:
        """Put a stored calibration in force, as a study does that starts again from its ledger."""
        self._standing[calibration.terms] = calibration
