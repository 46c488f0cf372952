"""A plan is read whole, and everything wrong with it is said at once: line, field, remedy."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from tests.trials.plans import OWN_LOOP, WITH_TOY
from tests.trials.toy import TRAINABLES
from trials.plan import Enqueued, Objective, Plan, PlanError, Problem, read_data, read_plan
from trials.seam import KeepEverything
from trials.space import Categorical, Float, Int


@pytest.fixture(autouse=True)
def _toy(settings: Settings) -> None:
    settings.TRAINABLES = TRAINABLES


def problems_of(text: str) -> list[Problem]:
    with pytest.raises(PlanError) as caught:
        read_plan(text)
    return caught.value.problems


def test_a_plan_for_another_programs_loop_is_read() -> None:
    plan = read_plan(OWN_LOOP)

    assert plan.hypothesis == "Low rates win\nMomentum matters: a bit"
    assert plan.objective == Objective(metric="loss", direction="minimize")
    assert plan.space["lr"] == Float(name="lr", low=1e-5, high=1e-1, log=True)
    assert plan.space["momentum"].when == {"optimizer": ("sgd",)}
    assert plan.enqueue[0] == Enqueued(
        params={"lr": 1e-3, "optimizer": "sgd", "momentum": 0.5, "layers": 2}, pinned=True
    )
    assert (plan.horizon, plan.step_unit, plan.report_steps) == (100, "epochs", (10, 50, 100))
    assert (plan.seed, plan.budget.wall_hours, plan.trial_minutes, plan.tags) == (7, 2.0, 30.0, ("a", "b"))
    assert plan.trainable is None
    assert plan.metrics == ()


def test_a_trainable_fills_in_what_it_knows() -> None:
    plan = read_plan(WITH_TOY)

    assert (plan.horizon, plan.step_unit, plan.report_steps) == (6, "epochs", (1, 2, 3, 4, 5, 6))
    assert plan.metrics == ("val_loss", "accuracy", "speed")
    assert plan.defaults == {"learning_rate": 1e-3, "layers": 3, "optimizer": "adamw"}
    assert [type(parameter) for parameter in plan.space] == [Float, Int, Categorical]


@pytest.mark.parametrize("text", [OWN_LOOP, WITH_TOY], ids=["own loop", "toy"])
def test_a_plan_survives_storage_with_its_fingerprint(text: str) -> None:
    plan = read_plan(text)

    again = Plan.from_stored(plan.to_stored())

    assert again == plan
    assert again.fingerprint == plan.fingerprint


def test_layout_and_comments_do_not_change_the_fingerprint() -> None:
    reordered = "# a remark\nbudget:\n    trials: 5\n" + WITH_TOY.replace("budget: {trials: 5}\n", "")

    assert read_plan(reordered).fingerprint == read_plan(WITH_TOY).fingerprint


def test_another_range_changes_the_fingerprint() -> None:
    assert read_plan(WITH_TOY.replace("high: 4", "high: 5")).fingerprint != read_plan(WITH_TOY).fingerprint


def test_the_same_plan_comes_as_data() -> None:
    data = {
        "name": "Toy study",
        "objective": {"metric": "val_loss", "direction": "minimize"},
        "space": {
            "learning_rate": {"type": "float", "low": 1e-4, "high": 0.1, "log": True},
            "layers": {"type": "int", "low": 1, "high": 4},
            "optimizer": {"type": "categorical", "choices": ["adamw", "sgd"]},
        },
        "defaults": {"layers": 3},
        "trainable": {"name": "toy", "settings": {"epochs": 6, "data": "letters"}},
        "budget": {"trials": 5},
    }

    assert read_data(data).fingerprint == read_plan(WITH_TOY).fingerprint


# What is changed in the plan of another program's loop; where that is wrong; a piece of what is said.
WRONG: dict[str, tuple[str, str, str, str]] = {
    "an unknown key": ("seed: 7", "sede: 7", "sede", "did you mean `seed`?"),
    "an unknown key of a parameter": ("log: true", "lg: true", "space.lr.lg", "did you mean `log`?"),
    "no name": ("name: Own loop", "name: ' '", "name", "missing; give the study a name"),
    "a name too long": ("name: Own loop", f"name: {'x' * 201}", "name", "201 characters; shorten it to at most 200"),
    "a name of two lines": ("name: Own loop", 'name: "a\\nb"', "name", "write one plain line"),
    "a name that is a number": ("name: Own loop", "name: 3", "name", "3 is not a text"),
    "no objective": (
        "objectives:\n  - metric: loss\n    direction: minimize",
        "objectives: []",
        "objectives",
        "none given",
    ),
    "no direction": ("\n    direction: minimize", "", "objectives[0].direction", "write minimize or maximize"),
    "an odd direction": (
        "direction: minimize",
        "direction: down",
        "objectives[0].direction",
        "'down' is no direction; write minimize or maximize",
    ),
    "an objective twice": (
        "objectives:",
        "objectives:\n  - {metric: loss, direction: maximize}",
        "objectives[1].metric",
        "twice",
    ),
    "an inverted range": ("low: 1, high: 8", "low: 8, high: 1", "space.layers.low", "8 is above high, 1; swap the two"),
    "a log range from zero": ("low: 1e-5", "low: 0", "space.lr.low", "start above zero or leave out log"),
    "a log range from below zero": ("low: 1e-5", "low: -1", "space.lr.low", "-1.0 cannot start a log range"),
    "a step that does not fit": ("step: 0.2", "step: 0.3", "space.momentum.step", "set high to 0.7 or 1"),
    "a step and log": ("log: true", "log: true, step: 0.1", "space.lr.step", "cannot be combined with log"),
    "a fraction in a whole range": ("high: 8}", "high: 8.5}", "space.layers.high", "8.5 is not a whole number"),
    "an endless range": ("high: 1e-1", "high: .inf", "space.lr.high", "inf is not a finite number"),
    "a range without an end": (", high: 8", "", "space.layers.high", "missing"),
    "no choices": ("choices: [sgd, adam]", "choices: []", "space.optimizer.choices", "there are none"),
    "a choice twice": ("[sgd, adam]", "[sgd, adam, sgd]", "space.optimizer.choices", "'sgd' is listed twice"),
    "a choice that is a list": ("[sgd, adam]", "[sgd, [adam]]", "space.optimizer.choices[1]", "a list of 1"),
    "an unknown type": ("type: int", "type: integer", "space.layers.type", "did you mean `int`?"),
    "a parameter without a range": ("layers: {type: int, low: 1, high: 8}", "layers:", "space.layers", "no range"),
    "an odd parameter name": ("layers: {type", "'la yers': {type", "space.la yers", "letters, digits"),
    "a condition on a missing parameter": (
        "when: {optimizer: sgd}",
        "when: {optimiser: sgd}",
        "space.momentum.when.optimiser",
        "did you mean `optimizer`?",
    ),
    "a condition that is never met": (
        "when: {optimizer: sgd}",
        "when: {optimizer: [sgd, lion]}",
        "space.momentum.when.optimizer",
        "'lion' is never a value of optimizer (sgd, adam)",
    ),
    "a condition without values": (
        "when: {optimizer: sgd}",
        "when: {optimizer: []}",
        "space.momentum.when.optimizer",
        "no value",
    ),
    "an empty space": (
        OWN_LOOP[OWN_LOOP.index("space:") : OWN_LOOP.index("defaults")],
        "space: {}\n",
        "space",
        "name at least one parameter",
    ),
    "a default outside the range": ("defaults: {lr: 1e-3", "defaults: {lr: 1", "defaults.lr", "1 is not in the space"),
    "a default of no parameter": ("layers: 2}\nenq", "layer: 2}\nenq", "defaults.layer", "no such parameter"),
    "a default left out": (", layers: 2}\nenq", "}\nenq", "defaults.layers", "missing; give a value from 1 to 8"),
    "a default that does not vary": (
        "optimizer: adam, ",
        "optimizer: adam, momentum: 0.5, ",
        "defaults.momentum",
        "does not vary here (only when optimizer is sgd); leave it out",
    ),
    "an enqueued value outside the range": (
        "momentum: 0.5, ",
        "momentum: 0.55, ",
        "enqueue[0].params.momentum",
        "0.55 is not in the space (0.1 to 0.9 in steps of 0.2)",
    ),
    "an enqueued thing without params": ("- params:", "- param:", "enqueue[0].param", "did you mean `params`?"),
    "an unknown sampler": ("name: tpe", "name: tpee", "sampler", "did you mean `tpe`?"),
    "an unknown setting of the sampler": (
        "n_startup_trials",
        "n_startup",
        "sampler.settings.n_startup",
        "there is no such setting",
    ),
    "a seed below zero": ("seed: 7", "seed: -7", "seed", "-7 is out of bounds"),
    "no budget": ("budget: {trials: 20, wall_hours: 2}", "", "budget", "write `trials: 50` below it"),
    "no trials": ("trials: 20, ", "", "budget.trials", "such as 50"),
    "a budget of nothing": ("trials: 20", "trials: 0", "budget.trials", "0 is out of bounds"),
    "a budget below what is asked for": ("trials: 20", "trials: 1", "budget.trials", "fewer than the 2 configurations"),
    "hours below zero": ("wall_hours: 2", "wall_hours: -2", "budget.wall_hours", "give a number above 0"),
    "no planned length": ("horizon: 100\n", "", "horizon", "say how many steps a full trial has"),
    "a planned length of nothing": ("horizon: 100", "horizon: 0", "horizon", "0 is out of bounds"),
    "report steps that fall": ("[10, 50, 100]", "[10, 5, 100]", "report_steps[1]", "5 does not come after 10"),
    "a report step beyond the end": ("[10, 50, 100]", "[10, 500]", "report_steps[1]", "500 is no step"),
    "a tag twice": ("tags: [a, b]", "tags: [a, a]", "tags[1]", "'a' is listed twice"),
    "tags that are a word": ("tags: [a, b]", "tags: a", "tags", "'a' is not a list"),
    "a policy that is a number": ("seed: 7", "policy: 3", "policy", "3 is not a text"),
    "a time limit of nothing": ("trial_minutes: 30", "trial_minutes: 0", "trial_minutes", "give a number above 0"),
    "a trainable nobody registered": ("seed: 7", "trainable: toi", "trainable", "'toi' is not a trainable registered"),
    "a mapping that is a word": ("budget: {trials: 20, wall_hours: 2}", "budget: many", "budget", "not a mapping"),
}


@pytest.mark.parametrize(("good", "bad", "path", "message"), WRONG.values(), ids=WRONG.keys())
def test_one_thing_wrong_is_named_with_its_line_and_remedy(good: str, bad: str, path: str, message: str) -> None:
    assert good in OWN_LOOP
    text = OWN_LOOP.replace(good, bad, 1)

    found = {problem.path: problem for problem in problems_of(text)}

    assert path in found, found
    assert message in found[path].message
    assert found[path].line is not None


def test_conditions_in_a_circle_are_spelled_out() -> None:
    text = OWN_LOOP.replace("choices: [sgd, adam]", "choices: [sgd, adam], when: {momentum: 0.5}")

    (problem,) = (problem for problem in problems_of(text) if problem.path.endswith(".when"))

    assert "optimizer -> momentum -> optimizer; drop one of them" in problem.message


WRONG_WITH_TOY: dict[str, tuple[str, str, str, str]] = {
    "a parameter the trainable does not have": (
        "layers: {low",
        "layer: {type: int, low",
        "space.layer",
        "did you mean `layers`?",
    ),
    "a float where whole numbers are taken": (
        "layers: {low: 1, high: 4}",
        "layers: {type: float, low: 1, high: 4}",
        "space.layers.type",
        "float, but layers takes whole numbers",
    ),
    "a range where words are taken": (
        "optimizer: {choices: [adamw, sgd]}",
        "optimizer: {type: int, low: 1, high: 4}",
        "space.optimizer.type",
        "takes one of adamw, sgd",
    ),
    "a choice the trainable does not take": (
        "[adamw, sgd]",
        "[adamw, lion]",
        "space.optimizer.choices",
        "'lion' is not one of adamw, sgd",
    ),
    "a range beyond what the trainable takes": (
        "high: 4}",
        "high: 9}",
        "space.layers.high",
        "9 is beyond what layers takes; stay within whole numbers from 1 to 8",
    ),
    "a metric never reported": ("metric: val_loss", "metric: vall_oss", "objectives[0].metric", "toy never reports"),
    "a direction that contradicts": (
        "direction: minimize",
        "direction: maximize",
        "objectives[0].direction",
        "write minimize",
    ),
    "a setting nobody knows": ("epochs: 6", "epoch: 6", "trainable.settings.epoch", "no such setting"),
    "a resource nobody registered": (
        "data: letters",
        "data: /etc/passwd",
        "trainable.settings.data",
        "'/etc/passwd' is not a resource registered",
    ),
    "a planned length beside the trainable's": ("budget", "horizon: 9\nbudget", "horizon", "leave it out"),
    "a default of the trainable outside the space": (
        "low: 1e-4, high: 1e-1",
        "low: 1e-2, high: 1e-1",
        "defaults.learning_rate",
        "the trainable's own default 0.001 is not in the space",
    ),
}


@pytest.mark.parametrize(("good", "bad", "path", "message"), WRONG_WITH_TOY.values(), ids=WRONG_WITH_TOY.keys())
def test_what_contradicts_the_trainable_is_named(good: str, bad: str, path: str, message: str) -> None:
    assert good in WITH_TOY
    text = WITH_TOY.replace(good, bad, 1)

    found = {problem.path: problem for problem in problems_of(text)}

    assert path in found, found
    assert message in found[path].message


def test_everything_wrong_is_said_at_once_in_the_order_of_the_lines() -> None:
    text = OWN_LOOP.replace("seed: 7", "sede: 7").replace("low: 1, high: 8", "low: 8, high: 1").replace("Own loop", "")

    problems = problems_of(text)

    assert [(problem.line, problem.path) for problem in problems] == [
        (1, "name"),
        (10, "space.layers.low"),
        (16, "sede"),
    ]


@pytest.mark.parametrize("data", [None, [], "name: x", 3, {}, {"name": "\x00"}, {"a": {"b": "\ud800"}}])
def test_data_that_is_no_plan_is_refused(data: object) -> None:
    with pytest.raises(PlanError):
        read_data(data)


def test_a_thousand_wrong_keys_are_not_all_recited() -> None:
    with pytest.raises(PlanError) as caught:
        read_data({f"key{number}": 1 for number in range(5000)})

    assert len(caught.value.problems) == 100


class Strict(KeepEverything):
    """A reviewer that finds fault with every policy and would look very often."""

    def check_plan(self, plan: Plan) -> list[Problem]:
        return [Problem(path="policy.strategy.eta", message="1 is too small; give at least 2")] if plan.policy else []

    def decision_points(self, plan: Plan) -> tuple[int, ...]:
        return tuple(range(65))


def test_the_reviewers_complaints_get_their_lines(settings: Settings) -> None:
    settings.TRIAL_REVIEWER = f"{__name__}.{Strict.__qualname__}"
    text = OWN_LOOP + "policy:\n  strategy:\n    rule: asha\n    eta: 1\n"

    (problem,) = problems_of(text)

    assert str(problem) == "line 26: policy.strategy.eta: 1 is too small; give at least 2"


def test_the_policy_is_judged_although_the_space_is_wrong_too(settings: Settings) -> None:
    settings.TRIAL_REVIEWER = f"{__name__}.{Strict.__qualname__}"
    text = OWN_LOOP.replace("low: 1, high: 8", "low: 8, high: 1") + "policy: strict\n"

    assert [problem.path for problem in problems_of(text)] == ["space.layers.low", "policy.strategy.eta"]


def test_more_than_64_looks_are_too_many(settings: Settings) -> None:
    settings.TRIAL_REVIEWER = f"{__name__}.{Strict.__qualname__}"

    (problem,) = problems_of(OWN_LOOP)

    assert problem.message == "65 looks a trial; a study has at most 64: space them wider"
