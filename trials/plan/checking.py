"""Check the parts of a plan against each other, the trainable, the sampler and the reviewer."""

from __future__ import annotations

from collections.abc import Mapping

from trials.plan.fields import Problems, shown, unknown
from trials.plan.model import Budget, Plan
from trials.plan.parts import Parts, TrainableFacts
from trials.plan.spaces import sound_space
from trials.seam import reviewer
from trials.space import Categorical, Float, Parameter, Space, Value
from trials.space.parameters import same
from trials.trainables.base import ParameterInfo

MOST_LOOKS = 64


def check_parts(parts: Parts, problems: Problems) -> Plan | None:
    """Complain about everything that does not fit together.

    Returns the plan, which holds only if nothing was complained about; None where too little of it can be read for
    the reviewer to judge its policy.
    """
    space = sound_space(parts.parameters)
    _check_objectives(parts, problems)
    if parts.facts is not None:
        _check_space_against_trainable(space, parts.facts, problems)
    defaults = parts.defaults
    if not problems.under("space"):
        defaults = _check_configurations(parts, space, problems)
    _check_sampler(parts, problems)
    if parts.budget is not None:
        check_budget(parts, parts.budget, problems)
    if parts.budget is None or parts.horizon is None or not parts.objectives:
        return None
    plan = _assemble(parts, space, defaults, parts.budget, parts.horizon)
    check_policy(plan, problems)
    return plan


def _assemble(parts: Parts, space: Space, defaults: Mapping[str, Value] | None, budget: Budget, horizon: int) -> Plan:
    return Plan(
        name=parts.name,
        description=parts.description,
        hypothesis=parts.hypothesis,
        objectives=parts.objectives,
        space=space,
        defaults=defaults,
        enqueue=parts.enqueue,
        sampler=parts.sampler,
        seed=parts.seed,
        policy=parts.policy,
        budget=budget,
        trainable=parts.trainable,
        horizon=horizon,
        step_unit=parts.step_unit,
        report_steps=parts.report_steps,
        metrics=tuple(info.name for info in parts.facts.metrics) if parts.facts else (),
        tags=parts.tags,
        trial_minutes=parts.trial_minutes,
    )


def _check_objectives(parts: Parts, problems: Problems) -> None:
    known = {info.name: info for info in parts.facts.metrics} if parts.facts else {}
    data = problems.document.data
    single = isinstance(data, dict) and data.get("objective") is not None
    for index, objective in enumerate(parts.objectives):
        path = "objective" if single else f"objectives[{index}]"
        if any(objective.metric == earlier.metric for earlier in parts.objectives[:index]):
            problems.add(f"{path}.metric", f"{objective.metric!r} is an objective twice; remove one")
        if parts.facts is None:
            continue
        info = known.get(objective.metric)
        if info is None:
            message = unknown(objective.metric, sorted(known), "metric")
            problems.add(f"{path}.metric", f"{parts.facts.name} never reports {objective.metric!r}: {message}")
        elif info.direction not in (None, objective.direction):
            message = f"{objective.direction} contradicts {objective.metric}, which gets better as it is "
            problems.add(f"{path}.direction", f"{message}{info.direction}d; write {info.direction}")


def _check_space_against_trainable(space: Space, facts: TrainableFacts, problems: Problems) -> None:
    for parameter in space:
        path = f"space.{parameter.name}"
        info = facts.parameters.get(parameter.name)
        if info is None:
            complaint = unknown(parameter.name, sorted(facts.parameters), f"parameter of {facts.name}")
            problems.add(path, complaint)
        elif problem := _misfit(parameter, info):
            field, message = problem
            problems.add(f"{path}.{field}", message)


def _misfit(parameter: Parameter, info: ParameterInfo) -> tuple[str, str] | None:
    """Return (field, complaint) if the trainable could not take some value of the parameter."""
    if isinstance(parameter, Categorical):
        for choice in parameter.choices:
            if problem := _refused(choice, info):
                return "choices", problem
        return None
    if info.kind == "categorical":
        return "type", f"{parameter.kind}, but {info.name} takes one of {_listed(info.choices)}; write those as choices"
    if info.kind == "int" and isinstance(parameter, Float):
        return "type", f"float, but {info.name} takes whole numbers; write type: int"
    for field, value in (("low", parameter.low), ("high", parameter.high)):
        if problem := _refused(value, info):
            return field, problem
    return None


def _refused(value: Value, info: ParameterInfo) -> str:
    """Say why a trainable's parameter does not take a value; empty if it does."""
    if value is None and info.default is None:
        return ""
    if info.kind == "categorical":
        if any(same(value, choice) for choice in info.choices):
            return ""
        return f"{shown(value)} is not one of {_listed(info.choices)}; choose among them"
    if isinstance(value, bool) or not isinstance(value, int if info.kind == "int" else int | float):
        return f"{shown(value)} is no {info.kind}; {info.name} takes {_range(info)}"
    if (info.low is not None and value < info.low) or (info.high is not None and value > info.high):
        return f"{value} is beyond what {info.name} takes; stay within {_range(info)}"
    return ""


def _listed(choices: tuple[Value, ...]) -> str:
    return ", ".join(str(choice) for choice in choices)


def _range(info: ParameterInfo) -> str:
    noun = "whole numbers" if info.kind == "int" else "numbers"
    if info.low is None or info.high is None:
        return noun
    return f"{noun} from {info.low:g} to {info.high:g}"


def _check_configurations(parts: Parts, space: Space, problems: Problems) -> Mapping[str, Value] | None:
    """Check the defaults and what is enqueued; return the defaults, filled in from the trainable's."""
    for index, item in enumerate(parts.enqueue):
        path = f"enqueue[{index}].params"
        if not problems.under(path):
            for name, problem in space.problems(item.params):
                problems.add(f"{path}.{name}", problem)
    if parts.defaults is None:
        return None
    infos = parts.facts.parameters if parts.facts else {}
    filled = dict(parts.defaults)
    for parameter in space.in_order():
        if parameter.name not in filled and parameter.name in infos and space.is_active(parameter, filled):
            filled[parameter.name] = infos[parameter.name].default
    if not problems.under("defaults"):
        for name, problem in space.problems(filled):
            own = name in parts.defaults or name not in filled
            problems.add(f"defaults.{name}", problem if own else f"the trainable's own default {problem}")
    return filled


def _check_sampler(parts: Parts, problems: Problems) -> None:
    from trials.search import registry

    if parts.sampler.name not in registry.names():
        message = unknown(parts.sampler.name, registry.names(), "sampler")
        problems.add("sampler", f"{parts.sampler.name!r}: {message}")
        return
    for complaint in registry.get(parts.sampler.name).check_settings(parts.sampler.settings):
        field, _, message = complaint.partition(": ")
        problems.add(f"sampler.settings.{field}", message)


def check_budget(parts: Parts | Plan, budget: Budget, problems: Problems) -> None:
    """Complain about a budget that leaves no room for what the plan asks for."""
    asked = len(parts.enqueue) + (parts.defaults is not None)
    if asked > budget.trials:
        message = f"{budget.trials} is fewer than the {asked} configurations that defaults and enqueue ask for"
        problems.add("budget.trials", f"{message}; raise it")


def check_policy(plan: Plan, problems: Problems) -> None:
    """Complain about what the reviewer finds wrong with the plan's policy."""
    if problems.under("policy"):
        return
    for problem in reviewer().check_plan(plan):
        problems.add(problem.path, problem.message)
    if problems.under("policy"):
        return
    looks = reviewer().decision_points(plan)
    if len(looks) > MOST_LOOKS:
        problems.add("policy", f"{len(looks)} looks a trial; a study has at most {MOST_LOOKS}: space them wider")
