"""What a study stands under."""

from __future__ import annotations

import pytest

from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.standing import policy_of
from tests.pruning.studies import a_plan
from trials.plan import TrainableSpec

WRITTEN_OUT = {"strategy": {"rule": "calibrated_halving", "action": "pause"}, "looks": [2, 4]}


@pytest.mark.parametrize(
    ("policy", "without_checkpoints"),
    [
        ("balanced", "stop"),
        ({"preset": "balanced"}, "stop"),
        ({"preset": "safe", "shadow": True}, "stop"),
        ({"preset": "balanced", "safeguards": {"control_every": 5}}, "stop"),
        (WRITTEN_OUT, "pause"),
    ],
)
def test_a_preset_pauses_only_where_trials_leave_checkpoints(policy: object, without_checkpoints: str) -> None:
    reported = policy_of(a_plan(policy=policy)).strategy
    trained = policy_of(a_plan(policy=policy, trainable=TrainableSpec(name="tiny", settings={}))).strategy

    assert isinstance(reported, CalibratedHalving)
    assert isinstance(trained, CalibratedHalving)
    assert (reported.action, trained.action) == (without_checkpoints, "pause")


@pytest.mark.parametrize("policy", ["fast", {"preset": "fast"}, {"preset": "fast", "shadow": True}])
def test_a_preset_keeps_its_name_however_it_is_written(policy: object) -> None:
    assert policy_of(a_plan(policy=policy)).name == "fast"
