"""Read a plan from YAML text, or from data as it comes over the API: one call, every problem at once."""

from __future__ import annotations

from typing import cast

from trials.plan.checking import check_parts
from trials.plan.fields import Problems, Section, as_section, shown
from trials.plan.model import (
    Budget,
    Direction,
    Enqueued,
    Objective,
    Plan,
    PlanError,
    Problem,
    SamplerSpec,
    TrainableSpec,
)
from trials.plan.parts import Parts, TrainableFacts
from trials.plan.spaces import read_params, read_space
from trials.plan.text import Document, read_yaml
from trials.sanitise import UnfitValue, check_json
from trials.space import Parameter, Value

KEYS = (
    "budget",
    "defaults",
    "description",
    "enqueue",
    "horizon",
    "hypotheses",
    "hypothesis",
    "name",
    "objective",
    "objectives",
    "policy",
    "report_steps",
    "sampler",
    "seed",
    "space",
    "step_unit",
    "tags",
    "trainable",
    "trial_minutes",
)
"""Every field a plan may have at its top."""

MOST_OBJECTIVES = 8
MOST_ENQUEUED = 10_000
MOST_TRIALS = 1_000_000
MOST_HOURS = 1e6
MOST_TAGS = 20
# Series keep steps in 32 bits.
MOST_STEPS = 2**31 - 1
# What every reader of JSON keeps exactly.
MOST_SEED = 2**53 - 1
DIRECTIONS = ("maximize", "minimize")


def read_plan(text: str) -> Plan:
    """Read a plan from YAML text.

    Raises `PlanError` with every problem found, each with its line, the field's path and a remedy; nothing is stored.
    """
    return _read(read_yaml(text))


def read_data(data: object) -> Plan:
    """Read a plan from plain data (JSON); raises `PlanError` as `read_plan` does, without lines."""
    try:
        check_json(data)
    except UnfitValue as error:
        raise PlanError([Problem(path=error.path or "plan", message=error.problem)])
    return _read(Document(data, {}))


def _read(document: Document) -> Plan:
    problems = Problems(document)
    if not isinstance(document.data, dict) or not document.data:
        raise PlanError([Problem(path="plan", message="not a plan; begin with `name:`, `objectives:` and `space:`")])
    root = Section("", document.data, problems)
    root.only(KEYS)
    plan = check_parts(_read_parts(root), problems)
    problems.raise_any()
    if plan is None:
        raise AssertionError("a plan without problems has all its parts")
    return plan


def _read_parts(root: Section) -> Parts:
    root.require("name", "give the study a name")
    spec = _read_trainable(root)
    facts = _trainable_facts(root, spec) if spec is not None else None
    horizon, step_unit, report_steps = _read_steps(root, spec, facts)
    sampler, sampler_settings = _read_named(root, "sampler", default="random")
    return Parts(
        name=root.text("name", most=200),
        description=root.text("description", most=10_000, prose=True),
        hypothesis=_read_hypothesis(root),
        objectives=_read_objectives(root),
        parameters=_read_parameters(root, facts),
        defaults=_read_defaults(root),
        enqueue=_read_enqueue(root),
        sampler=SamplerSpec(name=sampler, settings=sampler_settings),
        seed=root.integer("seed", low=0, high=MOST_SEED, default=0) or 0,
        policy=read_policy(root),
        budget=read_budget(root),
        trainable=spec,
        facts=facts,
        horizon=horizon,
        step_unit=step_unit,
        report_steps=report_steps,
        tags=_read_tags(root),
        trial_minutes=root.positive("trial_minutes", most=60 * MOST_HOURS),
    )


def _read_hypothesis(root: Section) -> str:
    if "hypothesis" in root and "hypotheses" in root:
        root.complain("hypotheses", "given beside `hypothesis`; keep one of the two")
    name = "hypotheses" if "hypotheses" in root else "hypothesis"
    if not isinstance(root.data.get(name), list):
        return root.text(name, most=10_000, prose=True)
    items = root.items(name, most=100)
    for path, item in items:
        if not isinstance(item, str) or len(item) > 1_000:
            root.problems.add(path, f"{shown(item)} is not a sentence of at most 1000 characters; write one")
    return "\n".join(str(item).strip() for _, item in items)


def _read_objectives(root: Section) -> tuple[Objective, ...]:
    if "objective" in root:
        if "objectives" in root:
            root.complain("objective", "given beside `objectives`; keep one of the two")
        items: list[tuple[str, object]] = [("objective", root.data["objective"])]
    elif root.require("objectives", "write `- metric: val_loss` and `  direction: minimize` below it"):
        items = root.items("objectives", most=MOST_OBJECTIVES)
        if not items:
            root.complain("objectives", "none given; name at least one metric and its direction")
    else:
        return ()
    sections = (as_section(item, path, root.problems) for path, item in items)
    found = [_read_objective(section) for section in sections if section is not None]
    return tuple(objective for objective in found if objective is not None)


def _read_objective(section: Section) -> Objective | None:
    section.only(("direction", "metric"))
    section.require("metric", "name the metric the trials report")
    section.require("direction", "write minimize or maximize")
    metric = section.text("metric", most=200)
    direction = section.text("direction", most=20)
    if direction not in DIRECTIONS:
        section.complain("direction", f"{direction!r} is no direction; write minimize or maximize")
        return None
    return Objective(metric=metric, direction=cast(Direction, direction)) if metric else None


def _read_trainable(root: Section) -> TrainableSpec | None:
    if "trainable" not in root:
        return None
    name, settings = _read_named(root, "trainable")
    return TrainableSpec(name=name, settings=settings) if name else None


def _trainable_facts(root: Section, spec: TrainableSpec) -> TrainableFacts | None:
    # Imported here: trainables may bring heavy modules, and a plan over HTTP needs none of them.
    from trials.plan.trainable import trainable_facts

    return trainable_facts(spec, root.problems, path="trainable")


def _read_named(root: Section, name: str, *, default: str = "") -> tuple[str, dict[str, object]]:
    """Read `random`, or a mapping with `name` and `settings`."""
    value = root.data.get(name)
    if value is None or isinstance(value, str):
        return root.text(name, most=100, default=default), {}
    section = root.section(name)
    if section is None:
        return default, {}
    section.only(("name", "settings"))
    section.require("name", f"name the {name}")
    settings = section.section("settings")
    return section.text("name", most=100, default=default), dict(settings.data) if settings else {}


def _read_steps(
    root: Section, spec: TrainableSpec | None, facts: TrainableFacts | None
) -> tuple[int | None, str, tuple[int, ...]]:
    if spec is not None:
        for name in ("horizon", "report_steps", "step_unit"):
            if name in root:
                root.complain(name, f"the trainable {spec.name} says this itself; leave it out")
        return (facts.horizon, facts.step_unit, facts.report_steps) if facts else (None, "steps", ())
    if "trainable" not in root:
        root.require("horizon", "without a trainable, say how many steps a full trial has (or name a trainable)")
    horizon = root.integer("horizon", low=1, high=MOST_STEPS)
    return horizon, root.text("step_unit", most=32, default="steps") or "steps", _read_report_steps(root, horizon)


def _read_report_steps(root: Section, horizon: int | None) -> tuple[int, ...]:
    steps: list[int] = []
    for path, item in root.items("report_steps", most=MOST_ENQUEUED):
        if not isinstance(item, int) or isinstance(item, bool) or not 0 < item <= (horizon or MOST_STEPS):
            root.problems.add(path, f"{shown(item)} is no step; give whole numbers from 1 to the horizon")
        elif steps and item <= steps[-1]:
            root.problems.add(path, f"{item} does not come after {steps[-1]}; let the steps rise")
        else:
            steps.append(item)
    return tuple(steps)


def _read_parameters(root: Section, facts: TrainableFacts | None) -> tuple[Parameter, ...]:
    if not root.require("space", "name the parameters to tune, each with its range"):
        return ()
    section = root.section("space")
    kinds = {info.name: info.kind for info in facts.parameters.values()} if facts else {}
    return read_space(section, kinds) if section is not None else ()


def _read_defaults(root: Section) -> dict[str, Value] | None:
    section = root.section("defaults")
    return None if section is None else read_params(section)


def _read_enqueue(root: Section) -> tuple[Enqueued, ...]:
    found = []
    for path, item in root.items("enqueue", most=MOST_ENQUEUED):
        section = as_section(item, path, root.problems)
        if section is None:
            if item is None:
                root.problems.add(path, "empty; write `params:` with a configuration below it")
            continue
        section.only(("params", "pinned"))
        section.require("params", "write the configuration below it, a value for every parameter")
        params = section.section("params")
        found.append(Enqueued(params=read_params(params) if params else {}, pinned=section.boolean("pinned")))
    return tuple(found)


def read_policy(root: Section) -> dict[str, object] | str | None:
    """Return the policy as written: the reviewer makes sense of it."""
    policy = root.data.get("policy")
    if policy is None or isinstance(policy, dict):
        return policy
    return root.text("policy", most=100) or None


def read_budget(root: Section) -> Budget | None:
    """Return what ends the study by itself; None if it cannot be read."""
    root.require("budget", "write `trials: 50` below it")
    section = root.section("budget")
    if section is None:
        return None
    section.only(("slot_hours", "trials", "wall_hours"))
    section.require("trials", "say how many trials the study may try, such as 50")
    trials = section.integer("trials", low=1, high=MOST_TRIALS)
    slot_hours, wall_hours = (section.positive(name, most=MOST_HOURS) for name in ("slot_hours", "wall_hours"))
    return Budget(trials=trials, slot_hours=slot_hours, wall_hours=wall_hours) if trials else None


def _read_tags(root: Section) -> tuple[str, ...]:
    tags: list[str] = []
    for path, item in root.items("tags", most=MOST_TAGS):
        if not isinstance(item, str) or not 0 < len(item.strip()) <= 50 or "," in item:
            root.problems.add(path, f"{shown(item)} is no tag; write a word of at most 50 characters, without commas")
        elif item.strip() in tags:
            root.problems.add(path, f"{item.strip()!r} is listed twice; remove one")
        else:
            tags.append(item.strip())
    return tuple(tags)
