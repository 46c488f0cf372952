"""Policies by name, and whether they fit a study."""

import pytest

from pruning.backtest import NAMED, fitting
from pruning.backtest.named import as_given
from pruning.policy import Policy
from pruning.presets import PRESETS
from pruning.rules.settings import PolicyError
from pruning.simulate import Pool, Recording
from tests.pruning.negative_controls import ordered


def a_pool(steps: list[int], *, maximize: bool = False) -> Pool:
    recordings = tuple(Recording.of(str(n), steps, [1.0 / (step + n) for step in steps]) for n in range(4))
    return Pool(metric="val_loss", maximize=maximize, horizon=steps[-1], recordings=recordings)


@pytest.mark.parametrize("name", ["default", "payoff", "safe", "fast", "asha", "hyperband", "median", "full"])
@pytest.mark.parametrize("steps", [[1, 2, 3, 4], [512, 1024, 2048, 8192], list(range(10, 2000, 10))])
def test_every_named_policy_fits_any_steps(name: str, steps: list[int]) -> None:
    policy = fitting(NAMED[name], a_pool(steps))

    looks = policy.grid(horizon=steps[-1], report_steps=steps)
    assert set(looks) < set(steps)
    assert bool(looks) is (name != "full")


def test_presets_are_played_as_they_ship() -> None:
    for name in PRESETS:
        assert NAMED[name](ordered()).fingerprint == Policy.from_mapping(name).fingerprint
    assert NAMED["default"](ordered()).fingerprint == Policy.from_mapping(None).fingerprint


def test_payoff_is_the_default_with_another_aim() -> None:
    strategy = NAMED["payoff"](ordered()).strategy

    assert getattr(strategy, "aim", None) == "payoff"
    assert getattr(strategy, "action", None) == "pause"


def test_a_shadow_policy_is_played_awake() -> None:
    assert not as_given(Policy.from_mapping({"preset": "fast", "shadow": True}))(ordered()).shadow


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"looks": [3]}, r"policy\.looks\[0\]: nothing is reported at step 3: use 2"),
        ({"looks": [2, 8]}, r"policy\.looks\[1\]: 8 is not below the planned length 8"),
        ({"gates": [{"rule": "overfitting"}]}, "unknown metric 'train_loss'"),
        ({"strategy": {"rule": "racing", "label": "fold"}, "looks": [2]}, "no label of the objective"),
        ({"safeguards": {"diversity": 0.3}, "looks": [2]}, r"safeguards\.diversity: these curves come without param"),
        ({"gates": [{"rule": "resources"}], "looks": [2]}, r"gates\[0\]: a replay counts steps and knows neither"),
        ({"safeguards": {"stops_per_hour": 3}, "looks": [2]}, r"safeguards\.stops_per_hour: a replay .* no clock"),
        ({"gates": [{"rule": "threshold", "lower": 0.1}]}, r"gates\[0\]\.lower: val_loss is minimized"),
    ],
)
def test_a_policy_that_does_not_fit_is_refused_by_path(policy: dict[str, object], told: str) -> None:
    mine = {"strategy": {"rule": "asha"}, **policy}

    with pytest.raises(PolicyError, match=told):
        fitting(as_given(Policy.from_mapping(mine)), a_pool([1, 2, 4, 8]))


def test_where_more_is_better_an_upper_limit_stops_the_best() -> None:
    limited = as_given(Policy.from_mapping({"gates": [{"rule": "threshold", "upper": 0.9}]}))

    assert fitting(limited, a_pool([1, 2], maximize=False)).gates
    with pytest.raises(PolicyError, match=r"gates\[0\]\.upper: val_loss is maximized"):
        fitting(limited, a_pool([1, 2], maximize=True))


def test_a_limit_that_only_warns_may_lie_on_either_side() -> None:
    warning = {"gates": [{"rule": "threshold", "lower": 0.1, "action": "warn"}]}

    assert fitting(as_given(Policy.from_mapping(warning)), a_pool([1, 2])).gates
