"""A plan's form and its text say the same, and switching between them loses nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings as site
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trials.plan import PlanError, read_plan
from trials.plan.drafting import Fields, Row, data_of, data_of_plan, fields_of, text_of
from trials.plan.text import read_yaml
from trials.plan.writing import inner, read_inner, scalar, value_of, write

# A busy machine draws slowly; that is no failure.
UNHURRIED = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
EXAMPLES = sorted(Path(site.BASE_DIR, "examples").glob("*.yaml"))

WORDS = st.sampled_from(
    [
        "adamw",
        "1e-5",
        "no",
        "null",
        "8",
        "True",
        " ",
        "a: b",
        "# x",
        "- y",
        "'",
        '"',
        "{",
        "[a",
        "é🌲",
        "~",
        "",
        "x" * 120,
    ]
)
TEXTS = WORDS | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff\ufffe\uffff\u2028\u2029\x85"), max_size=20)  # fmt: skip  # noqa: E501
SCALARS = TEXTS | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.booleans() | st.none()
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))


@given(st.dictionaries(TEXTS, DATA, min_size=1, max_size=4))
@UNHURRIED
def test_what_is_written_reads_back_as_the_same_data(data: dict[str, object]) -> None:
    assert read_yaml(write(data)).data == data


@given(SCALARS)
@UNHURRIED
def test_a_value_shown_in_a_field_reads_back_as_the_same_value(value: object) -> None:
    again = value_of(scalar(value))

    assert (again, type(again)) == (value, type(value))


@given(st.lists(SCALARS, min_size=1, max_size=4))
@UNHURRIED
def test_a_list_shown_in_a_field_reads_back_as_the_same_list(values: list[object]) -> None:
    assert read_inner(inner(values), "[]") == values


PARAMETER = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["float", "int", "categorical", "flot"]),
        "low": SCALARS,
        "high": SCALARS,
        "log": st.booleans(),
        "choices": st.lists(SCALARS, max_size=3) | SCALARS,
        "when": st.dictionaries(TEXTS, SCALARS, max_size=2),
        "odd": SCALARS,
    },
)
PLANS = st.fixed_dictionaries(
    {"trial_minutes": st.just(5)},
    optional={
        "name": SCALARS,
        "hypothesis": TEXTS | st.lists(TEXTS, max_size=3),
        "objectives": st.lists(
            st.dictionaries(st.sampled_from(["metric", "direction", "x"]), SCALARS, max_size=2), max_size=2
        ),
        "objective": st.dictionaries(st.sampled_from(["metric", "direction"]), TEXTS, max_size=2),
        "space": st.dictionaries(TEXTS, PARAMETER, max_size=3) | SCALARS,
        "defaults": st.dictionaries(TEXTS, SCALARS, max_size=2),
        "sampler": SCALARS | st.fixed_dictionaries({"name": TEXTS}, optional={"settings": DATA}),
        "trainable": SCALARS | st.fixed_dictionaries({"name": TEXTS}, optional={"settings": DATA}),
        "policy": DATA,
        "budget": SCALARS | st.dictionaries(st.sampled_from(["trials", "slot_hours", "days"]), SCALARS, max_size=2),
        "tags": st.lists(TEXTS, max_size=3),
        "seed": SCALARS,
        "horizon": SCALARS,
        "enqueue": DATA,
        "sede": DATA,
    },
)


@given(PLANS)
@UNHURRIED
def test_form_and_text_have_the_same_problems(data: dict[str, object]) -> None:
    """Whatever a plan says, right or wrong, its form says the same."""
    text, unsaid = text_of(fields_of(data))

    assert unsaid == []
    assert _judged(text) == _judged(write(data))


def _judged(text: str) -> object:
    """Return the fingerprint of a plan, or what is wrong with it, whatever the lines."""
    try:
        return read_plan(text).fingerprint
    except PlanError as error:
        return {(_spelt_out(problem.path), problem.message) for problem in error.problems}


def _spelt_out(path: str) -> str:
    """Return a path as the longer of two ways to write the same field has it."""
    longer = {"trainable": "trainable.name", "sampler": "sampler.name"}
    return longer.get(path, path.replace("objective.", "objectives[0]."))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_survives_the_form(path: Path) -> None:
    text = path.read_text()
    fields = fields_of(read_yaml(text).data)  # type: ignore[arg-type]  # an example is a mapping

    assert text_of(fields, before=text) == (text, [])
    again, _ = text_of(replace(fields, name="another name"), before=text)
    assert fields_of(read_yaml(again).data) == replace(fields, name="another name")  # type: ignore[arg-type]


def test_a_registered_plan_is_written_as_a_person_would() -> None:
    text = Path(site.BASE_DIR, "docs", "plan.md").read_text().split("```yaml\n")[1].split("```")[0]
    plan = read_plan(text)

    data = data_of_plan(plan)

    assert read_plan(write(data)).fingerprint == plan.fingerprint
    assert "description" in data
    assert data["space"]["batch_size"] == {"type": "int", "low": 16, "high": 128, "step": 16}  # type: ignore[index]
    assert fields_of(data).rows[3] == Row(
        name="momentum", type="float", low="0.5", high="0.99", when="optimizer: [sgd]"
    )


def test_what_cannot_be_read_is_named_where_it_was_typed() -> None:
    rows = (
        Row(name="x", type="float", low="9" * 40, high="1"),
        Row(name="x", low="1"),
        Row(low="1"),
        Row(name="o", type="categorical", choices="[a, b", when="{"),
        Row(type="float"),
    )
    fields = Fields(
        rows=rows, settings="a: b: c", policy="custom", policy_text="x: [", rest="seed: 1\nname: y", name="n"
    )

    data, problems = data_of(fields)

    assert {problem.path for problem in problems} == {
        "space.x.low", "space[1]", "space[2]", "space.o.choices", "space.o.when", "trainable.settings", "policy",
        "rest",
    }  # fmt: skip
    assert data["name"] == "n"
    assert data["seed"] == 1
