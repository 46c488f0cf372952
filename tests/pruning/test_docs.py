"""The page on pruning names every rule, setting, safeguard and preset, and its examples are valid policies."""

import dataclasses
import re
from pathlib import Path

import pytest
import yaml

from pruning.foreign.registry import EVERY_STRATEGY
from pruning.launch_terms import MODES
from pruning.library.starter import starter
from pruning.policy import Policy
from pruning.presets import PRESETS
from pruning.rules import GATES
from pruning.safeguards import Safeguards

PAGE = (Path(__file__).parents[2] / "docs" / "pruning.md").read_text()


EVERY_RULE = {**GATES, **EVERY_STRATEGY}


@pytest.mark.parametrize("name", sorted(EVERY_RULE))
def test_a_rule_stands_on_the_page_with_all_its_settings(name: str) -> None:
    (row,) = re.findall(rf"^\| `{name}` \|.*$", PAGE, re.MULTILINE)

    settings = [field.name for field in dataclasses.fields(EVERY_RULE[name])]  # type: ignore[arg-type]  # by contract
    assert [setting for setting in settings if f"`{setting}`" not in row] == []


@pytest.mark.parametrize("setting", [field.name for field in dataclasses.fields(Safeguards)])
def test_a_safeguard_stands_on_the_page(setting: str) -> None:
    assert len(re.findall(rf"^\| `{setting}` \|", PAGE, re.MULTILINE)) == 1


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_preset_stands_on_the_page(preset: str) -> None:
    assert len(re.findall(rf"^\| `{preset}` \|", PAGE, re.MULTILINE)) == 1


def test_the_examples_are_policies() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

    assert len(examples) == 5
    for example in examples:
        policy = Policy.from_mapping(yaml.safe_load(example)["policy"])
        assert policy.problems(horizon=12288) == []


LIBRARY_PAGE = (Path(__file__).parents[2] / "docs" / "library.md").read_text()


def test_the_examples_of_the_library_are_policies() -> None:
    examples = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", LIBRARY_PAGE, re.DOTALL)]

    assert examples
    for example in examples:
        Policy.from_mapping(example["policy"])


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_the_gate_is_explained(mode: str) -> None:
    assert mode in LIBRARY_PAGE


def test_the_number_of_starter_cards_is_told_as_it_is() -> None:
    assert f"holds {len(starter())} cards" in LIBRARY_PAGE
