"""Facts for tests: curves in lists, peers in a population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pruning.calibrated_population import CalibratedPopulation
from pruning.population import Population, key
from pruning.rules import GATES
from pruning.rules.base import Curve, Facts, Rule, Verdict

LOOKS = (2, 4, 8)
HORIZON = 16


def curve(*values: float, every: int = 1) -> Curve:
    """Return a curve whose reports lie `every` steps apart, from step `every`."""
    return Curve.of([every * (index + 1) for index in range(len(values))], list(values))


def alone(*values: float, maximize: bool = False, **more: object) -> Facts:
    """Return facts between decision points: the trial's own reports at steps 1, 2, 3..."""
    own = curve(*values)
    step = int(own.steps[-1]) if len(own) else 0
    facts = Facts(metric="val_loss", maximize=maximize, step=step, horizon=HORIZON, trial=0, curve=own, looks=LOOKS)
    return replace(facts, **more)  # type: ignore[arg-type]  # the names are those of Facts


def at_look(
    value: float,
    peers: Sequence[float],
    *,
    eliminated: int = 0,
    trial: int | None = None,
    step: int = 2,
    maximize: bool = False,
    **more: object,
) -> Facts:
    """Return facts at a decision point: peers are trials 0, 1, 2... and the judged trial comes last."""
    number = len(peers) if trial is None else trial
    population = Population()
    for peer, told in enumerate(peers):
        told_key = key(told, maximize=maximize)
        population.observe(peer, step, value=told_key, best=told_key)
    own_key = key(value, maximize=maximize)
    population.observe(number, step, value=own_key, best=own_key)
    for extra in range(eliminated):
        population.eliminate(1000 + extra, step - 1)
    facts = Facts(
        metric="val_loss",
        maximize=maximize,
        step=step,
        horizon=HORIZON,
        trial=number,
        curve=Curve.of([step], [value]),
        looks=LOOKS,
        peers=population,
    )
    return replace(facts, **more)  # type: ignore[arg-type]  # the names are those of Facts


def training(own: Curve, *, maximize: bool) -> Curve:
    """Return the curve's values from worst to best."""
    values = np.sort(np.nan_to_num(own.values))
    return Curve.of(own.steps, values if maximize else values[::-1])


def play(
    judge: Rule,
    curves: Sequence[Curve],
    *,
    maximize: bool = False,
    looks: Sequence[int] = LOOKS,
) -> list[Verdict]:
    """Judge every report of all trials, one trial after the other, as a study with one slot would.

    Gates judge every report, strategies the decision points; a stopped trial reports no more. Every trial's
    `train_loss` is its objective's values from worst to best: training that goes well whatever validation does.
    """
    population = CalibratedPopulation(looks=looks, horizon=HORIZON)
    verdicts: list[Verdict] = []
    is_strategy = judge.name not in GATES
    for number, own in enumerate(curves):
        for index, step in enumerate(own.steps.tolist()):
            seen = own.until(step)
            facts = Facts(
                metric="val_loss",
                maximize=maximize,
                step=step,
                horizon=HORIZON,
                trial=number,
                curve=seen,
                looks=tuple(looks),
                others={"train_loss": training(own, maximize=maximize).until(step)},
            )
            if step in looks or step == HORIZON:
                keys = facts.keys(seen)
                population.observe(number, step, value=float(keys[index]), best=float(keys.min()))
            if step in looks:
                facts = replace(facts, peers=population)
            elif is_strategy:
                continue
            verdict = judge.judge(facts)
            verdicts.append(verdict)
            if verdict.kind.halts:
                population.eliminate(number, step)
                break
        else:
            population.complete(number)
    return verdicts
