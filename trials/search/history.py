"""What a study has tried, in Optuna's terms: frozen trials rebuilt from stored rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

from trials.models import MetricSummary, Study, Trial
from trials.plan import Plan
from trials.space.distributions import distribution

COLUMNS = (
    "study",
    "number",
    "state",
    "params",
    "value",
    "last_step",
    "last_value",
    "last_value_state",
    "ending_motive",
)


def past_trials(study: Study, plan: Plan) -> list[FrozenTrial]:
    """Return the study's trials by number: ended ones with what they reached, open ones as running.

    What waits or is paused counts as running too, so that a sampler which keeps away from running configurations
    keeps away from those. A trial that failed, or that a person or the study's end stopped, says nothing.
    """
    distributions = {parameter.name: distribution(parameter) for parameter in plan.space}
    others = _other_objectives(study, plan)
    # A configuration that was continued is told once, by the trial that continues it.
    rows = study.trials.filter(continued_by=None).only(*COLUMNS).order_by("number")
    return [_frozen(row, plan, distributions, others.get(row.pk, [])) for row in rows]


def _other_objectives(study: Study, plan: Plan) -> Mapping[int, list[float | None]]:
    """Return, by trial, the last values of the objectives after the first; empty where there is one objective."""
    metrics = [objective.metric for objective in plan.objectives[1:]]
    if not metrics:
        return {}
    found: dict[int, dict[str, float | None]] = {}
    for row in MetricSummary.objects.filter(study=study, metric__in=metrics, labels="{}"):
        found.setdefault(row.trial_id, {})[row.metric] = row.last_value
    return {trial: [values.get(metric) for metric in metrics] for trial, values in found.items()}


def _frozen(
    trial: Trial, plan: Plan, distributions: Mapping[str, BaseDistribution], others: Sequence[float | None]
) -> FrozenTrial:
    # An amended space may no longer hold an older trial's value; Optuna would refuse the trial as a whole.
    params = {
        name: value for name, value in trial.params.items() if name in plan.space and plan.space[name].contains(value)
    }
    values = [trial.value, *others]
    finite = [value for value in values if value is not None and math.isfinite(value)]
    state = _state(trial, told_all=len(finite) == len(plan.objectives))
    return optuna.create_trial(
        state=state,
        params=params,
        distributions={name: distributions[name] for name in params},
        values=finite if state == TrialState.COMPLETE else None,
        intermediate_values=_intermediate(trial, plan),
    )


def _state(trial: Trial, *, told_all: bool) -> TrialState:
    if not trial.has_ended:
        return TrialState.RUNNING
    if trial.state == Trial.State.COMPLETE and told_all:
        return TrialState.COMPLETE
    # A motive is a rule's: then the trial was stopped for how it did.
    return TrialState.PRUNED if trial.state == Trial.State.PRUNED and trial.ending_motive else TrialState.FAIL


def _intermediate(trial: Trial, plan: Plan) -> dict[int, float]:
    """Return the last value told, all that a sampler reads of a pruned trial; Optuna knows none with objectives."""
    if len(plan.objectives) > 1 or trial.last_step is None or trial.last is None:
        return {}
    return {trial.last_step: trial.last}
