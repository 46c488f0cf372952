"""What a plan's policy asks of its launch."""

import pytest

from pruning.launch_terms import launch_terms
from pruning.links import LIBRARY
from pruning.policy import Policy
from pruning.presets import PRESETS
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.rules.settings import PolicyError

FIXED = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]


@pytest.mark.parametrize(
    ("gate", "mode", "risk"),
    [
        (None, "warn", None),
        ("block", "block", None),
        ("off", "off", None),
        (False, "off", None),  # `off` where YAML 1.1 was spoken
        ({"mode": "block", "risk": 0.1}, "block", 0.1),
        ({"risk": 0.3}, "warn", 0.3),
    ],
)
def test_the_gate_is_read(gate: object, mode: str, risk: float | None) -> None:
    terms = launch_terms({"preset": "fast", "safety_gate": gate})

    assert (terms.mode, terms.risk) == (mode, risk)


@pytest.mark.parametrize("data", [None, "balanced", {"preset": "safe"}])
def test_a_policy_that_asks_for_nothing_is_warned_about(data: object) -> None:
    assert launch_terms(data).mode == "warn"


@pytest.mark.parametrize("name", PRESETS)
def test_asking_for_a_gate_changes_neither_how_a_policy_judges_nor_its_name(name: str) -> None:
    policy = Policy.from_mapping({"preset": name, "safety_gate": "block"})

    assert policy.fingerprint == Policy.from_mapping(name).fingerprint
    assert policy.name == name


def test_a_gate_alone_stands_before_the_default_policy() -> None:
    assert Policy.from_mapping({"safety_gate": "block"}).name == "balanced"


def test_a_fixed_prior_goes_into_the_strategy_and_a_coming_one_changes_nothing_yet() -> None:
    fixed = Policy.from_mapping({"preset": "balanced", "prior": {"agreement": FIXED, "weight": 3}}).strategy
    coming = Policy.from_mapping({"preset": "balanced", "prior": "library"}).strategy

    assert isinstance(fixed, CalibratedHalving)
    assert isinstance(coming, CalibratedHalving)
    assert (list(fixed.prior), fixed.prior_weight) == (FIXED, 3.0)
    assert coming.prior == LIBRARY


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"safety_gate": "stop"}, r"policy\.safety_gate: 'stop' is not one of warn, block, off"),
        ({"safety_gate": {"mode": 3}}, r"policy\.safety_gate\.mode: 3 is not one of"),
        (
            {"safety_gate": {"modus": "warn"}},
            r"policy\.safety_gate\.modus: unknown setting 'modus'; did you mean 'mode'",
        ),
        ({"safety_gate": {"risk": 1.5}}, r"policy\.safety_gate\.risk: 1\.5 is not a number between 0 and 1"),
        ({"safety_gate": {"risk": True}}, r"risk: True is not a number"),
        ({"safety_gate": {"risk": float("nan")}}, r"risk: nan is not a number"),
        ({"safety_gate": [1]}, r"policy\.safety_gate: \[1\] is not one of"),
        ({"prior": "general"}, r"policy\.prior: 'general' is neither `library` nor a mapping"),
        ({"prior": {"agreement": [0.5]}}, r"policy\.prior\.agreement: \[0\.5\] is not 6 numbers between 0 and 1"),
        ({"prior": {"agreement": [*FIXED[:5], 1.0]}}, r"policy\.prior\.agreement"),
        ({"prior": {"agreement": FIXED, "weight": 0}}, r"policy\.prior\.weight: 0 is not a positive number"),
        ({"prior": {"agreement": FIXED, "studies": "all"}}, r"policy\.prior\.studies: is not a list of names"),
        ({"prior": {"agreement": FIXED, "mean": 1}}, r"policy\.prior\.mean: unknown setting"),
        ({"preset": "fast", "prior": "library"}, r"policy\.prior: only calibrated_halving has links"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_path(data: dict[str, object], told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        Policy.from_mapping(data)


def test_problems_of_the_gate_and_of_the_policy_are_told_together() -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.from_mapping({"safety_gate": "stop", "prior": 3, "strategy": {"rule": "asha", "eta": 1}})

    assert [problem.path for problem in caught.value.problems] == [
        "policy.safety_gate",
        "policy.prior",
        "policy.strategy.eta",
    ]
