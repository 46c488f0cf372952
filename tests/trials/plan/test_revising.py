"""The policy and the budget as text, changed by a person in mid-study."""

import pytest

from tests.factories import POLICY, a_plan
from trials.plan import Budget, PlanError
from trials.plan.revising import revised, text_of


def test_what_is_shown_reads_as_what_it_was() -> None:
    plan = a_plan()

    assert revised(plan, text_of(plan)).fingerprint == plan.fingerprint


@pytest.mark.django_db
def test_a_plan_without_a_policy_shows_the_one_it_stands_under() -> None:
    assert "policy: balanced" in text_of(a_plan(policy=None))


def test_only_the_policy_and_the_budget_change() -> None:
    plan = a_plan()

    changed = revised(plan, "policy: fast\nbudget: {trials: 50}\n")

    assert (changed.policy, changed.budget) == ("fast", Budget(trials=50))
    assert (changed.space, changed.objectives, changed.seed) == (plan.space, plan.objectives, plan.seed)


def test_shadow_is_a_setting_of_the_policy() -> None:
    text = "policy: {preset: balanced, shadow: true}\nbudget: {trials: 30}\n"

    assert revised(a_plan(), text).policy == {"preset": "balanced", "shadow": True}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["plan: nothing to read; write `policy:` and `budget:`"]),
        ("policy: [1", ["line 1: plan: not YAML"]),
        ("budget: {trials: 3}", ["policy: missing; write what may stop a trial"]),
        ("policy: fast", ["budget: missing; write `trials: 50` below it"]),
        ("policy: quick\nbudget: {trials: 3}", ["line 1: policy: unknown preset 'quick'"]),
        ("policy: fast\nbudget: {trials: 0}", ["line 2: budget.trials: 0 is out of bounds"]),
        ("policy: fast\nbudget: {trials: 3}\nseed: 8", ["line 3: seed: there is no such field"]),
        (
            "policy:\n  strategy:\n    rule: asha\n    eta: 1\n  looks: [4, 99]\nbudget: {trials: 3}",
            ["line 4: policy.strategy.eta: 1.0 is not above 1"],
        ),
        (
            "policy:\n  looks: [4, 99]\n  strategy: asha\nbudget: {trials: 3}",
            ["line 2: policy.looks[1]: 99 is not below"],
        ),
    ],
)
def test_what_is_wrong_is_named_by_line_and_path(text: str, problems: list[str]) -> None:
    with pytest.raises(PlanError) as refused:
        revised(a_plan(policy=POLICY, defaults=None), text)

    said = [str(problem) for problem in refused.value.problems]
    assert all(any(one.startswith(problem) or problem in one for one in said) for problem in problems), said
