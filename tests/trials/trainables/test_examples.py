"""The plans in `examples/` can be launched."""

from pathlib import Path

import pytest
from django.conf import LazySettings

from trials.plan import read_plan

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_is_a_sound_plan(path: Path, settings: LazySettings, tmp_path: Path) -> None:
    resources = {"cache": tmp_path, "smollm2": tmp_path}
    lora = {"class": "trials.trainables.lora_lm.LoraLm", "resources": resources}
    settings.TRAINABLES = {**settings.TRAINABLES, "lora_lm": lora}

    plan = read_plan(path.read_text())

    assert (plan.defaults is None) == (plan.trainable is None), "a trainable's own defaults are tried first"
    assert plan.trainable is None or plan.horizon == plan.report_steps[-1]


def test_the_users_template_stays_short() -> None:
    code = (EXAMPLES / "own_training.py").read_text().split('"""', 2)[2]

    assert sum(bool(line.strip()) for line in code.splitlines()) < 50
