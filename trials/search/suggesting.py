"""Suggestions: the next configuration of a study, and the queue of waiting trials kept ready for free slots."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from django.db import transaction

from trials import head
from trials.models import Study, Trial
from trials.plan import Plan
from trials.search import registry
from trials.space import Categorical, Float, Int, Parameter, Value
from trials.studies import new_trial, room

if TYPE_CHECKING:
    import optuna

RACES_MAX = 10
"""How often a suggestion is made anew because another process took its number meanwhile."""


def suggest(study: Study, *, number: int | None = None) -> dict[str, Value]:
    """Return the configuration the study's sampler suggests for the trial of this number (default: the next one).

    The random stream derives from (study seed, trial number) alone: a sampler that does not learn suggests the same
    for a number whatever happened before. One that learns sees the trials as they stand now.
    """
    plan = study.plan()
    number = study.next_number if number is None else number
    kind = registry.get(plan.sampler.name)
    import optuna

    # Optuna says at level INFO that a study was created in memory, once per suggestion.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = kind.sampler(plan.sampler.settings, seed=stream_seed(plan.seed, number))
    directions = [objective.direction for objective in plan.objectives]
    past = optuna.create_study(sampler=sampler, directions=directions)
    if kind.learns:
        from trials.search.history import past_trials

        past.add_trials(past_trials(study, plan))
    return _ask(past.ask(), plan)


def stream_seed(seed: int, number: int) -> int:
    """Return 32 bits for the random stream of one suggestion: numpy's SeedSequence over (study seed, trial number)."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def top_up(study: Study, *, free_slots: int, at: datetime) -> int:
    """Keep one suggestion waiting for every free slot, within the budget; return how many trials were added.

    Several processes may call this at once. A suggestion is made without a lock, for sampling can take a second; it
    counts only if its number is still the next one when the study's head is locked, else it is made anew.
    """
    added = races = 0
    while races < RACES_MAX:
        study.refresh_from_db()
        if not _wanted(study, study.plan(), free_slots):
            break
        params = suggest(study)
        if _add(study, params, free_slots=free_slots, at=at):
            added += 1
        else:
            races += 1
    return added


def _wanted(study: Study, plan: Plan, free_slots: int) -> bool:
    return study.n_waiting < free_slots and room(study, plan) > 0


@transaction.atomic
def _add(study: Study, params: Mapping[str, Value], *, free_slots: int, at: datetime) -> bool:
    fresh = head.lock(study.pk)
    if fresh.next_number != study.next_number or not _wanted(fresh, fresh.plan(), free_slots):
        return False
    new_trial(fresh, params, origin=Trial.Origin.SAMPLER, suggestion=fresh.next_suggestion, at=at)
    return True


def _ask(trial: optuna.Trial, plan: Plan) -> dict[str, Value]:
    params: dict[str, Value] = {}
    for parameter in plan.space.in_order():
        if plan.space.is_active(parameter, params):
            params[parameter.name] = _value(trial, parameter)
    # In the plan's order, in which people read them.
    return {name: params[name] for name in plan.space.names if name in params}


def _value(trial: optuna.Trial, parameter: Parameter) -> Value:
    match parameter:
        case Float(name=name, low=low, high=high):
            return trial.suggest_float(name, low, high, log=parameter.log, step=parameter.step)
        case Int(name=name, low=low, high=high):
            return trial.suggest_int(name, low, high, log=parameter.log, step=parameter.step)
        case Categorical(name=name, choices=choices):
            return trial.suggest_categorical(name, choices)
