"""Studies in which a bandit decides: curves of which some have ended, and facts of those under way."""

import math
from dataclasses import replace

import numpy as np

from pruning.calibrated_population import CalibratedPopulation
from pruning.rules.bandit import Bandit
from pruning.rules.base import EMPTY, Curve, Facts
from pruning.rules.resuming import Waiting

HORIZON, LOOKS = 32, (4, 8, 16)
STEPS = np.arange(1, HORIZON + 1)
PAUSING = Bandit(action="pause", margin=1.0)


def curve(end: float, gain: float = 1.0) -> np.ndarray:
    """Return a curve that falls to `end`."""
    values: np.ndarray = end + gain * (STEPS**-0.7 - HORIZON**-0.7)
    return values


ENDED = [curve(1.0 + 0.2 * n, 0.8 + 0.1 * (n % 4)) for n in range(8)]


class Study:
    """Trials told up to some step each; those told to the end have ended."""

    def __init__(self, *told: tuple[np.ndarray, int]) -> None:
        self.population = CalibratedPopulation(looks=LOOKS, horizon=HORIZON)
        self.told = told
        for number, (values, until) in enumerate(told):
            keys = np.where(np.isfinite(values), values, math.inf)
            for look in [look for look in (*LOOKS, HORIZON) if look <= until]:
                self.population.observe(number, look, value=float(keys[look - 1]), best=float(keys[:look].min()))
            if until == HORIZON:
                self.population.complete(number)

    def facts(self, trial: int, *others: int) -> Facts:
        """Return the facts of a trial where it stands; the others wait where they stand."""
        values, step = self.told[trial]
        return replace(
            self.now, step=step, trial=trial, curve=Curve.of(STEPS[:step], values[:step]), waiting=self.waiting(*others)
        )

    @property
    def now(self) -> Facts:
        return Facts(
            metric="val_loss",
            maximize=False,
            step=0,
            horizon=HORIZON,
            trial=0,
            curve=EMPTY,
            looks=LOOKS,
            peers=self.population,
        )

    def waiting(self, *numbers: int) -> list[Waiting]:
        """Return these trials as paused; they count as worse above where they stand."""
        found = []
        for number in numbers:
            step = self.told[number][1]
            self.population.eliminate(number, step)
            key = self.population.key_of(number, step, by="best")
            assert key is not None
            found.append(Waiting(trial=number, step=step, key=key))
        return found


def after(*told: tuple[np.ndarray, int]) -> Study:
    """Return a study in which eight trials have ended; the told ones have the numbers from 8."""
    return Study(*[(values, HORIZON) for values in ENDED], *told)
