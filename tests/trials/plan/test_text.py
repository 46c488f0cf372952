"""YAML is read without surprises, and hostile text is refused at once."""

import time

import pytest

from trials.plan import PlanError
from trials.plan.text import MAX_CHARACTERS, read_yaml


def test_values_know_their_lines() -> None:
    document = read_yaml("name: x\nspace:\n  lr:\n    low: 1\nlist:\n  - a\n  - b: 2\n")

    assert document.lines["space.lr.low"] == 4
    assert document.lines["list[1].b"] == 7
    assert document.line_of("space.lr.high") == 3
    assert document.line_of("nowhere.at.all") == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5),
        ("1.0E+3", 1000.0),
        (".5", 0.5),
        ("-7", -7),
        ("no", "no"),
        ("on", "on"),
        ("0x10", "0x10"),
        ("1:30", "1:30"),
        ("010", 10),
        ("2026-01-01", "2026-01-01"),
        ("true", True),
        ("~", None),
        ("", None),
        ("'8'", "8"),
        ("1_000", "1_000"),
        ("٣", "٣"),
    ],
)
def test_plain_words_and_numbers_mean_what_they_look_like(text: str, value: object) -> None:
    document = read_yaml(f"a: {text}")

    assert document.data == {"a": value}
    assert type(document.data["a"]) is type(value)


HOSTILE = {
    "a key given twice": ("a: 1\nb: 2\na: 3", 3, "given twice, first on line 1"),
    "an alias": ("a: &x [1]\nb: *x", 1, "anchors and aliases"),
    "a bomb of aliases": ("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]", 1, "anchors and aliases"),
    "a tag that names code": ("a: !!python/object/apply:os.system [id]", 1, "is not read in plans"),
    "brackets without end": ("a: " + "[" * 100_000, 1, "nested deeper than 16"),
    "braces without end": ("a: " + "{b: " * 20_000, 1, "nested deeper than 16"),
    "an indented tower": ("\n".join(" " * depth + "a:" for depth in range(400)), 17, "nested deeper than 16"),
    "a number of 400 digits": ("a: " + "9" * 400, 1, "an integer of 400 digits"),
    "an integer of 65 bits": ("a: 18446744073709551616", 1, "64 bits"),
    "NUL": ("a: 1\nb: \x00", 2, "#x0000"),
    "an escaped NUL": ('a: "\\0"', 1, "NUL"),
    "an escaped lone surrogate": ('b: 1\na: "\\ud800"', 2, "lone surrogate"),
    "a key that is a list": ("? [a, b]\n: 1", 1, "a plain name"),
    "a key of a thousand letters": (f"{'k' * 1000}: 1", 1, "a key of 1000 characters"),
    "two documents": ("a: 1\n---\nb: 2", 2, "second document"),
    "an open bracket": ("a: [1, 2", 1, "not YAML"),
    "a tab": ("a:\n\tb: 1", 2, "not YAML"),
}


@pytest.mark.parametrize(("text", "line", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused_by_line(text: str, line: int, message: str) -> None:
    with pytest.raises(PlanError, match=message) as caught:
        read_yaml(text)

    assert caught.value.problems[0].line == line


def test_a_text_longer_than_any_plan_is_refused_unread() -> None:
    with pytest.raises(PlanError, match="at most 131072"):
        read_yaml("a" * (MAX_CHARACTERS + 1))


def test_the_worst_text_of_full_length_takes_seconds_at_most() -> None:
    began = time.process_time()

    with pytest.raises(PlanError):
        read_yaml("\n".join(f"k{number}: [{{}}]" for number in range(9000)) + "\nk0: 1")

    assert time.process_time() - began < 20
