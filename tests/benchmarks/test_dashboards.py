"""What other dashboards are filled with is the study itself."""

import json
from pathlib import Path

import pytest

from benchmarks.dashboards import copying
from tests import factories
from tests.factories import Played
from trials import series
from trials.models import Trial

pytestmark = pytest.mark.django_db


@pytest.fixture
def played() -> Played:
    return factories.a_played_study()


@pytest.fixture
def lines(tmp_path: Path, played: Played) -> list[dict[str, object]]:
    target = tmp_path / "study.jsonl"
    copying.write(played.study, target)
    return [json.loads(line) for line in target.read_text().splitlines()]


def test_a_study_is_written_with_its_metric_and_direction(lines: list[dict[str, object]], played: Played) -> None:
    assert lines[0]["metric"] == played.study.metric
    assert lines[0]["direction"] == played.study.direction


def test_every_trial_is_written_with_its_state_and_parameters(lines: list[dict[str, object]], played: Played) -> None:
    written = [(line["number"], line["state"], line["params"]) for line in lines[1:]]

    assert written == list(
        Trial.objects.filter(study=played.study).order_by("number").values_list("number", "state", "params")
    )


def test_every_report_of_a_stopped_trial_is_written(lines: list[dict[str, object]], played: Played) -> None:
    trial = played.study.trials.filter(state=Trial.State.PRUNED, ending_code="outpaced").first()
    assert trial is not None
    steps, values = series.read(trial, played.study.metric)

    line = next(line for line in lines[1:] if line["number"] == trial.number)
    assert line["steps"] == steps.tolist()
    assert line["values"] == values.tolist()
