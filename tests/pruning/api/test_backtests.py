"""Backtests over the API: the same door, the same refusals, the same figures."""

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from pruning.models import Backtest
from tests.pruning.lab.backtests import a_finished_study, a_played, an_editor, curves
from tests.trials.api.conftest import Program

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]
WISH = {"project": "lab", "curves": {"toys": []}, "policies": ["asha", "full"], "orders": 2, "workers": 2}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Settings) -> None:
    settings.RECORDED_CURVES = {"toys": curves(tmp_path / "curves")}


@pytest.fixture
def editor() -> Program:
    return Program(an_editor())


def test_a_program_asks_and_reads_how_far_it_is(editor: Program) -> None:
    status, made = editor.post("backtests", WISH)

    assert status == 201
    assert (made["state"], made["policies"], made["against"], made["curves"]) == (
        "WAITING",
        ["asha", "full"],
        "asha",
        {"toys": []},
    )
    status, read = editor.get(f"backtests/{made['id']}")
    assert (status, read["result"]) == (200, None)


def test_its_figures_are_those_of_the_command(editor: Program) -> None:
    backtest = a_played(editor.user, curves={"toys": []})

    _, read = editor.get(f"backtests/{backtest.pk}")

    assert read["state"] == "DONE"
    assert read["result"] == backtest.job.result


def test_a_wish_that_cannot_be_played_names_every_field(editor: Program) -> None:
    status, told = editor.post("backtests", {**WISH, "policies": ["ahsa"], "orders": 0, "colour": "red"})

    assert (status, told["code"]) == (400, "invalid")
    for part in (
        "colour: unknown field",
        "policies[0]: unknown policy 'ahsa'; did you mean 'asha'?",
        "orders: 0 is not",
    ):
        assert part in told["detail"]


@pytest.mark.parametrize("body", [[], {}, {"project": 3}, {"project": "lab"}, {"project": {"a": 1}}])
def test_a_body_of_another_shape_is_refused(editor: Program, body: Any) -> None:
    assert editor.send("POST", "backtests", body)[0] in {400, 404}
    assert not Backtest.objects.exists()


def test_a_list_shows_only_what_one_may_see(editor: Program) -> None:
    study = a_finished_study()
    a_played(editor.user, studies=[study.pk])
    stranger = Program(an_editor("stranger", "elsewhere"))

    assert len(editor.get("backtests")[1]["results"]) == 1
    assert stranger.get("backtests")[1]["results"] == []


def test_a_list_costs_the_same_for_one_and_many(editor: Program, django_assert_num_queries: Any) -> None:
    for _ in range(3):
        editor.post("backtests", WISH)
    editor.get("backtests")

    with django_assert_num_queries(3):  # token, page, studies
        editor.get("backtests")
