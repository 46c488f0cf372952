"""Studies that calibrated halving judges: a share has come to its end, the others to the first look."""

import math

import numpy as np

from pruning.calibrated_population import CalibratedPopulation
from pruning.population import key
from pruning.rules.base import Curve, Facts
from pruning.rules.calibrated_halving import CalibratedHalving

LOOKS, HORIZON = (2, 4, 8), 16
RULE = CalibratedHalving()


def study(
    n: int = 60,
    *,
    finished: int = 25,
    agreement: float = 0.9,
    seed: int = 3,
    maximize: bool = False,
    change: float = 1.0,
) -> CalibratedPopulation:
    """Return a study whose first `finished` trials have come to their end and the others to the first look.

    agreement: of the values at every look with the final ones.
    """
    random = np.random.default_rng(seed)
    final = random.normal(size=n)
    population = CalibratedPopulation(looks=LOOKS, horizon=HORIZON)
    for step in (*LOOKS, HORIZON):
        noise = random.normal(size=n)
        mixed = final if step == HORIZON else agreement * final + math.sqrt(1 - agreement**2) * noise
        for trial in range(n if step == LOOKS[0] else finished):
            told = key(change * float(mixed[trial]) * (-1 if maximize else 1), maximize=maximize)
            population.observe(trial, step, value=told, best=told)
    for trial in range(finished):
        population.complete(trial)
    return population


def arrival(population: CalibratedPopulation, value: float, *, step: int = 2, maximize: bool = False) -> Facts:
    """Return the facts of a new trial, number 99, that has just come to a decision point with this value."""
    told = key(value, maximize=maximize)
    population.observe(99, step, value=told, best=told)
    return Facts(
        metric="val_loss",
        maximize=maximize,
        step=step,
        horizon=HORIZON,
        trial=99,
        curve=Curve.of([step], [value]),
        looks=LOOKS,
        peers=population,
    )
