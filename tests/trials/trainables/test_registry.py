"""Which trainables there are is the settings' word alone."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured

from trials.trainables import registry
from trials.trainables.boosted_trees import BoostedTrees


def test_the_bundled_ones_are_registered() -> None:
    assert registry.names() == ("boosted_trees", "digits_cnn", "lora_lm")
    assert isinstance(registry.get("boosted_trees"), BoostedTrees)


@pytest.mark.parametrize("name", registry.names())
def test_a_trainable_goes_by_the_name_it_is_registered_under(name: str) -> None:
    assert registry.get(name).name == name


@pytest.mark.parametrize("name", ["nobody", "trials.trainables.lora_lm.LoraLm", "../lora_lm", ""])
def test_a_name_that_is_not_registered_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(registry.UnknownTrainable) as caught:
        registry.get(name)

    assert f"{name!r} is not registered" in str(caught.value)
    assert "boosted_trees, digits_cnn, lora_lm" in str(caught.value)


def test_resources_are_absolute_paths(settings: LazySettings) -> None:
    settings.TRAINABLES = {"mine": {"class": "x.Y", "resources": {"data": "some/where"}}}

    assert registry.entry("mine").resources == {"data": Path.cwd() / "some" / "where"}


@pytest.mark.parametrize("entry", [{}, {"class": 3}, "trials.trainables.lora_lm.LoraLm"])
def test_an_entry_without_a_class_is_named(settings: LazySettings, entry: object) -> None:
    settings.TRAINABLES = {"mine": entry}

    with pytest.raises(ImproperlyConfigured, match=r"TRAINABLES\['mine'\].*names no class"):
        registry.get("mine")


def test_a_class_that_cannot_be_imported_is_named(settings: LazySettings) -> None:
    settings.TRAINABLES = {"mine": {"class": "no.such.Module"}}

    with pytest.raises(ImproperlyConfigured, match=r"TRAINABLES\['mine'\]: no.such.Module cannot be imported"):
        registry.get("mine")


@pytest.mark.parametrize("base", ["/etc/passwd", "../../cache", "smollm3"])
def test_a_plan_names_no_path_and_no_model_that_is_not_registered(base: str) -> None:
    problems = registry.check_settings("lora_lm", {"base": base})

    assert [problem.split(";")[0] for problem in problems] == [
        f"base: {base!r} is not a resource registered for lora_lm in TRAINABLES"
    ]


def test_a_registered_model_may_be_named(settings: LazySettings, tmp_path: Path) -> None:
    resources = {"cache": tmp_path, "mine": tmp_path}
    settings.TRAINABLES = {"lora_lm": {"class": "trials.trainables.lora_lm.LoraLm", "resources": resources}}

    assert registry.check_settings("lora_lm", {"base": "mine"}) == []


def test_what_the_trainable_says_of_its_settings_comes_first() -> None:
    assert registry.check_settings("digits_cnn", {"epochs": -1}) == ["epochs: -1 is below 1; give at least 1"]
