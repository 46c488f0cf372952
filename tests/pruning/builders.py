"""Facts for tests: curves in lists, peers in a population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pruning.calibrated_population import CalibratedPopulation
from pruning.population import Population, key
from pruning.rules import GATES
from pruning.rules.base import Curve, Facts, Rule, Verdict
from pruning.rules.surroundings import Resources, Rival, Usage

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


def folds(own: Curve) -> dict[str, Curve]:
    """Return ten folds of a curve, between its values and the first of them: each moves with the unit as it does."""
    values = own.values
    rise = np.zeros(values.size)
    finite = np.isfinite(values)
    rise[finite] = values[finite][:1] - values[finite]
    return {str(fold): Curve.of(own.steps, values + fold / 64 * rise) for fold in range(10)}


def usage(number: int, n_looks: int, n_finished: int) -> Resources:
    """Return what a trial used: every fifth is ten times as slow as the others, of which so many have finished."""
    mine = Usage(seconds_per_step=10.0 if number % 5 == 4 else 1.0)
    return Resources(device="cpu", looks=(mine,) * n_looks, finished_seconds=[1.0] * n_finished)


def play(
    judge: Rule,
    curves: Sequence[Curve],
    *,
    maximize: bool = False,
    looks: Sequence[int] = LOOKS,
) -> list[Verdict]:
    """Judge every report of all trials, one trial after the other, as a study with one slot would.

    Gates judge every report, strategies the decision points; a stopped trial reports no more. Every trial's
    `train_loss` is its objective's values from worst to best: training that goes well whatever validation does. Its
    rival is the best trial that came to the end.
    """
    ended: list[tuple[float, int]] = []
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
                best = min(ended, default=None)
                rival = Rival(trial=best[1], instances=folds(curves[best[1]])) if best else None
                used = usage(number, [*looks].index(step) + 1, len(ended))
                instances = {name: fold.until(step) for name, fold in folds(own).items()}
                facts = replace(facts, peers=population, rival=rival, resources=used, instances=instances)
            elif is_strategy:
                continue
            verdict = judge.judge(facts)
            verdicts.append(verdict)
            if verdict.kind.halts:
                population.eliminate(number, step)
                break
        else:
            population.complete(number)
            ended.append((float(facts.keys(own).min()), number))
    return verdicts
