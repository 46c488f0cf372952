"""`docs/trainables.md` keeps up with the code."""

import dataclasses
from pathlib import Path

import pytest

from trials.trainables.base import Defaults, Run, Trainable
from trials.trainables.boosted_trees.trainable import Settings as BoostedTreesSettings
from trials.trainables.digits_cnn.trainable import Settings as DigitsSettings
from trials.trainables.lora_lm.settings import Settings as LoraSettings

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "trainables.md").read_text()


@pytest.mark.parametrize("kind", [LoraSettings, DigitsSettings, BoostedTreesSettings])
def test_every_setting_is_documented_with_its_default(kind: type) -> None:
    missing = [field.name for field in dataclasses.fields(kind) if f"`{field.name}`" not in PAGE]

    assert missing == []
    assert [str(field.default) for field in dataclasses.fields(kind) if str(field.default) not in PAGE] == []


def test_every_member_of_a_trainable_is_documented() -> None:
    members = [name for name in vars(Trainable) if not name.startswith("_")]

    assert [name for name in members if f"`{name}" not in PAGE] == []


def test_every_member_of_a_run_is_documented() -> None:
    members = [*Run.__annotations__, "resource", "report", "save", "progress"]

    assert [name for name in members if f"run.{name}" not in PAGE] == []


def test_the_defaults_leave_the_first_five_rows_to_the_author() -> None:
    own = {"name", "title", "step_unit", "parameters", "metrics", "horizon", "report_steps", "train"}

    assert {name for name in vars(Trainable) if not name.startswith("_")} - set(dir(Defaults)) == own
