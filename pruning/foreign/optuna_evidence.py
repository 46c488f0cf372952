"""Asking a pruner of Optuna's, and recovering what it decided by: a pruner itself answers with nothing but yes or no.

The numbers are read from the rebuilt study the pruner was shown, by the formulas of its documentation; a test holds
them to its answers. `basis` says how far it came: `compared`, or why it did not compare.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    ThresholdPruner,
    WilcoxonPruner,
)
from optuna.pruners._successive_halving import _estimate_min_resource
from optuna.trial import FrozenTrial
from scipy.stats import wilcoxon

from pruning.foreign.optuna_settings import make
from pruning.foreign.optuna_study import RUNG, Rebuilt, own_values
from pruning.rules.base import Facts

COMPARED, TOO_FEW, NOT_DUE, NOT_FINITE = "compared", "too_few", "not_due", "not_finite"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a pruner said of a trial, and by which numbers."""

    prunes: bool
    basis: str
    numbers: Mapping[str, Any]  # scalars by name; `wrapped` holds those of a pruner inside another


def ask(pruner: BasePruner, facts: Facts) -> Answer:
    """Show a pruner the facts of one decision point and return its answer with the numbers behind it."""
    match pruner:
        case PatientPruner():
            return _ask_patient(pruner, facts)
        case PercentilePruner():  # the median pruner is one
            return _ask_percentile(pruner, facts)
        case HyperbandPruner():
            return _ask_hyperband(pruner, facts)
        case SuccessiveHalvingPruner():
            return _ask_halving(pruner, facts)
        case ThresholdPruner():
            return _ask_threshold(pruner, facts)
        case WilcoxonPruner():
            return _ask_wilcoxon(pruner, facts)
    raise TypeError(f"{type(pruner).__name__} is no pruner that can be asked here")


def _prunes(pruner: BasePruner, rebuilt: Rebuilt) -> bool:
    # Infinities, which stand for values that are no number, meet in differences and percentiles.
    with np.errstate(invalid="ignore"):
        return bool(pruner.prune(rebuilt.study, rebuilt.own))


def _ask_percentile(pruner: PercentilePruner, facts: Facts) -> Answer:
    rebuilt = Rebuilt(facts, pruner)
    here = [trial.intermediate_values[facts.step] for trial in rebuilt.complete if _reached(trial, facts.step)]
    best = _best(facts, rebuilt.own.intermediate_values.values())
    numbers = {
        "by": "best",
        "value": best,
        "cut": None,
        "percentile": float(pruner._percentile),
        "complete": len(rebuilt.complete),
        "compared": len(here),
        "least": pruner._n_startup_trials,
    }
    prunes = _prunes(pruner, rebuilt)
    if len(rebuilt.complete) < max(1, pruner._n_startup_trials) or len(here) < pruner._n_min_trials:
        return Answer(prunes=prunes, basis=TOO_FEW, numbers=numbers)
    if not _is_due(rebuilt, facts.step, pruner._n_warmup_steps, pruner._interval_steps):
        return Answer(prunes=prunes, basis=NOT_DUE, numbers=numbers)
    with np.errstate(invalid="ignore"):
        cut = float(np.nanpercentile(here, 100 - pruner._percentile if facts.maximize else pruner._percentile))
    basis = NOT_FINITE if math.isnan(cut) else COMPARED
    return Answer(prunes=prunes, basis=basis, numbers=numbers | {"cut": None if math.isnan(cut) else cut})


def _ask_halving(pruner: SuccessiveHalvingPruner, facts: Facts) -> Answer:
    first = pruner._min_resource
    if first is None:
        first = _estimate_min_resource(Rebuilt(facts, pruner).peers)
    if first is None:
        return Answer(prunes=False, basis=TOO_FEW, numbers=_own_value(facts) | {"complete": 0, "least": 1})
    rungs = _rungs(first, pruner._reduction_factor, pruner._min_early_stopping_rate, facts.horizon)
    return _at_rung(pruner, pruner, facts, rungs)


def _ask_hyperband(pruner: HyperbandPruner, facts: Facts) -> Answer:
    rebuilt = Rebuilt(facts, pruner)
    pruner._try_initialization(rebuilt.study)
    if not pruner._pruners:
        return Answer(prunes=False, basis=TOO_FEW, numbers=_own_value(facts) | {"complete": 0, "least": 1})
    bracket = pruner._get_bracket_id(rebuilt.study, rebuilt.own)
    rungs = _rungs(pruner._min_resource, pruner._reduction_factor, bracket, facts.horizon)
    answer = _at_rung(pruner, pruner._pruners[bracket], facts, rungs)
    drawn = {"bracket": bracket, "brackets": pruner._n_brackets}
    return Answer(prunes=answer.prunes, basis=answer.basis, numbers={**answer.numbers, **drawn})


def _at_rung(pruner: BasePruner, halving: SuccessiveHalvingPruner, facts: Facts, rungs: Sequence[int]) -> Answer:
    """Ask at the rungs given; the numbers are those of the last rung that the trial was compared at."""
    rebuilt = Rebuilt(facts, pruner, rungs=rungs)
    prunes = _prunes(pruner, rebuilt)
    if not rebuilt.storage.written:
        due = next((rung for index, rung in enumerate(rungs) if f"{RUNG}{index}" not in rebuilt.own.system_attrs), None)
        return Answer(prunes=prunes, basis=NOT_DUE, numbers=_own_value(facts) | {"next": due})
    name, value = list(rebuilt.storage.written.items())[-1]
    rung = int(name.removeprefix(RUNG))
    rivals = [*_competitors(pruner, rebuilt), rebuilt.own]
    told = {trial.number: trial.system_attrs[name] for trial in rivals if name in trial.system_attrs}
    competing = sorted((facts.key(one), number) for number, one in {**told, facts.trial: value}.items())
    quota = max(1, len(competing) // halving._reduction_factor)
    numbers = {
        "by": "value",
        "value": value,
        "rank": 1 + sum(key < facts.key(value) for key, _ in competing),
        "reached": len(competing),
        "eliminated": 0,
        "population": len(competing),
        "quota": quota,
        "cut": facts.told(competing[quota - 1][0]),
        "cut_trial": competing[quota - 1][1],
        "rung": rung,
        "rung_step": rungs[rung],
        "reduction_factor": halving._reduction_factor,
        "least": halving._bootstrap_count,
    }
    basis = TOO_FEW if len(competing) <= halving._bootstrap_count else COMPARED
    return Answer(prunes=prunes, basis=basis, numbers=numbers)


def _competitors(pruner: BasePruner, rebuilt: Rebuilt) -> list[FrozenTrial]:
    """Return the peers that a trial is compared with: of its own bracket, where there are several."""
    if not isinstance(pruner, HyperbandPruner):
        return rebuilt.peers
    bracket = pruner._get_bracket_id(rebuilt.study, rebuilt.own)
    return [trial for trial in rebuilt.peers if pruner._get_bracket_id(rebuilt.study, trial) == bracket]


def _ask_threshold(pruner: ThresholdPruner, facts: Facts) -> Answer:
    rebuilt = Rebuilt(facts, pruner)
    # Here Optuna's own answer to "not a number" is asked for: it prunes.
    values = {step: value if math.isfinite(value) else math.nan for step, value in own_values(facts).items()}
    rebuilt.own.intermediate_values = values
    numbers = {
        "by": "value",
        "value": values.get(facts.step, math.nan),
        "lower": pruner._lower if math.isfinite(pruner._lower) else None,
        "upper": pruner._upper if math.isfinite(pruner._upper) else None,
    }
    due = _is_due(rebuilt, facts.step, pruner._n_warmup_steps, pruner._interval_steps)
    return Answer(prunes=_prunes(pruner, rebuilt), basis=COMPARED if due else NOT_DUE, numbers=numbers)


def _ask_patient(pruner: PatientPruner, facts: Facts) -> Answer:
    wrapped = ask(pruner._wrapped_pruner, facts) if pruner._wrapped_pruner is not None else None
    values = list(own_values(facts).values())
    split = len(values) - pruner._patience - 1
    before, since = _best(facts, values[: max(0, split)]), _best(facts, values[max(0, split) :])
    waited = split > 0 and facts.key(before) + pruner._min_delta < facts.key(since)
    numbers: dict[str, Any] = {
        "by": "best",
        "value": since,
        "before": before if split > 0 else None,
        "patience": pruner._patience,
        "min_delta": float(pruner._min_delta),
        "waited": waited,
    }
    if wrapped is not None:
        numbers["wrapped"] = {**wrapped.numbers, "basis": wrapped.basis, "prunes": wrapped.prunes}
    prunes = _prunes_alone(pruner, facts) and (wrapped is None or wrapped.prunes)
    return Answer(prunes=prunes, basis=COMPARED if split > 0 else NOT_DUE, numbers=numbers)


def _prunes_alone(pruner: PatientPruner, facts: Facts) -> bool:
    """Ask a patient pruner whether its patience is at an end, whatever the pruner inside it says."""
    alone = make("patient", {"patience": pruner._patience, "min_delta": pruner._min_delta})
    return _prunes(alone, Rebuilt(facts, alone))


def _ask_wilcoxon(pruner: WilcoxonPruner, facts: Facts) -> Answer:
    rebuilt = Rebuilt(facts, pruner, to_the_end=False)
    if not rebuilt.complete:
        return Answer(prunes=False, basis=TOO_FEW, numbers=_own_value(facts) | {"complete": 0, "least": 1})
    best = rebuilt.study.best_trial
    shared = {step: v for step, v in rebuilt.own.intermediate_values.items() if step in best.intermediate_values}
    numbers: dict[str, Any] = {
        "by": "value",
        "value": facts.value,
        "best_trial": best.number,
        "pairs": len(shared),
        "least": max(2, pruner._n_startup_steps),
        "p": None,
        "p_threshold": float(pruner._p_threshold),
    }
    if not all(map(math.isfinite, [*shared.values(), *best.intermediate_values.values()])):
        return Answer(prunes=False, basis=NOT_FINITE, numbers=numbers)
    if len(shared) < numbers["least"]:
        return Answer(prunes=False, basis=TOO_FEW, numbers=numbers)
    rebuilt.own.intermediate_values = shared
    differences = [value - best.intermediate_values[step] for step, value in shared.items()]
    side = "less" if facts.maximize else "greater"
    p = float(wilcoxon(differences, alternative=side, zero_method="zsplit").pvalue)
    return Answer(prunes=_prunes(pruner, rebuilt), basis=COMPARED, numbers=numbers | {"p": p})


def _rungs(first: int, factor: int, skipped: int, horizon: int) -> list[int]:
    """Return the steps of the rungs up to the planned length, by integer arithmetic."""
    rungs: list[int] = []
    step = first * factor**skipped
    while step <= horizon:
        rungs.append(step)
        step *= factor
    return rungs


def _is_due(rebuilt: Rebuilt, step: int, warmup: int, interval: int) -> bool:
    """Say whether a pruner that looks at every so many steps looks at this one: no earlier report fell into it."""
    if step < warmup:
        return False
    begins = (step - warmup) // interval * interval + warmup
    return max((earlier for earlier in rebuilt.own.intermediate_values if earlier < step), default=-1) < begins


def _own_value(facts: Facts) -> dict[str, Any]:
    return {"by": "value", "value": facts.value}


def _best(facts: Facts, values: Iterable[float]) -> float:
    keys = [facts.key(value) for value in values]
    return facts.told(min(keys)) if keys else math.nan


def _reached(trial: FrozenTrial, step: int) -> bool:
    return step in trial.intermediate_values
