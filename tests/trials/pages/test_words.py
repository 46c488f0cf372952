"""Numbers, durations and endings in words."""

import pytest

from trials.pages import ranges, words
from trials.pages.parts import Run
from trials.space import Categorical, Float, Int, Space


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.693, "0.6930"),
        (-0.5, "−0.5000"),
        (29.43331, "29.4333"),
        (4414.0, "4,414"),
        (4.5e8, "4.5e8"),
        (1.5e-7, "1.5e−7"),
        (float("nan"), "nan"),
        (float("-inf"), "−inf"),
    ],
)
def test_a_value_takes_four_digits_after_the_point(value: float | None, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.6, "1 min"), (61, "1 min 1 s"), (3600, "1 h"), (90_000, "1 d 1 h"), (-3, "0 s")],
)
def test_a_duration_names_its_two_largest_units(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("state", "motive", "spared", "kind"),
    [
        ("PRUNED", "speed", False, "speed"),
        # Stopped by a person: not judged, so no motive's glyph.
        ("PRUNED", "", False, "stopped"),
        ("COMPLETE", "", False, "finished"),
        ("COMPLETE", "", True, "control"),
        ("FAILED", "", False, "failed"),
        ("RUNNING", "", True, "running"),
    ],
)
def test_every_standing_has_its_glyph(state: str, motive: str, spared: bool, kind: str) -> None:
    assert words.kind_of(state, motive, spared=spared) == kind


def test_a_share_below_one_percent_is_not_rounded_to_nothing() -> None:
    assert words.percent(0.004) == "under 1\u202f%"
    assert words.percent(0.67) == "67\u202f%"


def test_a_paragraph_is_made_of_runs() -> None:
    assert words.say("a ", words.strong("b")) == [Run("a "), Run("b", strong=True)]


@pytest.mark.parametrize(
    ("parameter", "value", "place"),
    [
        (Float(name="lr", low=1e-5, high=1e-3, log=True), 1e-4, 0.5),
        (Float(name="lr", low=1e-5, high=1e-3, log=True), 0.0, None),
        (Int(name="n", low=8, high=64), 64, 1.0),
        (Int(name="n", low=8, high=64), 100, 1.0),
        (Int(name="n", low=8, high=8), 8, 0.5),
        (Categorical(name="c", choices=("a", "b", "c")), "b", 0.5),
        (Categorical(name="c", choices=("a", "b")), "z", None),
        (Float(name="x", low=0.0, high=1.0), "text", None),
        (Float(name="x", low=0.0, high=1.0), True, None),
    ],
)
def test_a_value_has_a_place_in_its_range(parameter: Float | Int | Categorical, value: object, place: float) -> None:
    assert ranges.place(parameter, value) == place


def test_logarithmic_values_share_one_notation() -> None:
    space = Space((Float(name="lr", low=1e-5, high=1.0, log=True), Float(name="beta", low=0.0, high=1.0)))

    assert ranges.text(space, "lr", 0.5) == "5.00e−1"
    assert ranges.text(space, "beta", 0.25) == "0.25"
    assert ranges.text(space, "beta", 0.999914) == "1−8.6e−5"
    assert ranges.text(space, "unknown", 32) == "32"


@pytest.mark.parametrize(
    ("value", "base", "words_", "strong"),
    [(1e-3, 1e-3, "", False), (2.0, 1.0, "× 2", False), (1.0, 250.0, "÷ 250", True), ("a", "b", "", False)],
)
def test_factors_are_against_the_base(value: object, base: object, words_: str, strong: bool) -> None:
    assert ranges.factor_words(value, base) == (words_, strong)
