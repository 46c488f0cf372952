"""A population that calibrates itself as observations arrive (`CalibratedPeers`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pruning.judgement.drift import Sign, signs
from pruning.links import Spared
from pruning.population import Population
from pruning.rules.calibration import Calibration, Terms, calibrate, is_due


class CalibratedPopulation(Population):
    """All rungs of one study, with the calibration in force and the flagged control trials.

    The end of training is a rung at `horizon`: a trial that completes is observed there too. A calibration is
    made when one is asked for and due, so a study whose strategy asks for none pays nothing.
    """

    def __init__(self, *, looks: Sequence[int], horizon: int, watches: bool = False) -> None:
        super().__init__(horizon=horizon)
        self._looks, self._horizon = tuple(looks), horizon
        self._arrivals = 0
        self._standing: dict[Terms, Calibration] = {}
        self._spared: dict[int, Spared] = {}
        self._is_widened = False
        self._watches = watches
        self.signs: tuple[Sign, ...] = ()
        """Signs of drift at the newest calibration made here, if it watches for them."""

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
        return self._standing.get(self._held(terms))

    def widen(self) -> None:
        """Hear that drift was found: policies that ask for it go on under widened terms."""
        self._is_widened = True

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
        terms = self._held(terms)
        standing = self._standing.get(terms)
        if standing is not None and not is_due(arrivals=self._arrivals, last=standing.arrivals):
            return standing
        made = calibrate(
            self,
            looks=self._looks,
            horizon=self._horizon,
            terms=terms,
            version=1 + max((known.version for known in self._standing.values()), default=0),
            arrivals=self._arrivals,
            spared=self._spared,
        )
        self._standing[terms] = made
        self.signs = signs(self, made) if self._watches and terms.drift != "off" else ()
        return made

    def restate(self, calibration: Calibration) -> None:
        """Put a stored calibration in force, as a study does that starts again from its ledger."""
        self._standing[calibration.terms] = calibration

    def _held(self, terms: Terms) -> Terms:
        return terms.widened if self._is_widened else terms
