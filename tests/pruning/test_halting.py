"""What a study halted is gathered from its trials and ledger, and an unfair region is told of."""

from collections.abc import Sequence

import numpy as np
import pytest
from django.test import Client

from pruning import carding
from pruning.halted import regions
from pruning.halted.outcomes import Outcomes
from pruning.halted.regions import Region, Unfair
from pruning.halting import halting_of
from tests import factories
from tests.factories import NOW, Played
from trials.models import Alert, Delivery, Observation, Study
from trials.pages import paced

pytestmark = pytest.mark.django_db


@pytest.fixture
def played() -> Played:
    return factories.a_played_study(factories.a_project())


@pytest.fixture
def wronged(played: Played, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study of which the test says that the upper half of its first parameter was pruned unfairly."""
    name = next(parameter.name for parameter in played.study.plan().space)

    def found(outcomes: Outcomes) -> Sequence[Unfair]:
        region = Region(name, 0.5, 1.0)
        return [Unfair(region, look=0, stopped=5, ended=7, told=2, gain=0.4, least=0.118, p=0.012, telling=[3, 4])]

    monkeypatch.setattr(regions, "unfair", found)
    paced.forget()
    return played.study


def test_columns_are_the_trials_that_began_in_order(played: Played) -> None:
    study = played.study
    outcomes = halting_of(study, study.plan().space).outcomes

    assert outcomes.number.tolist() == sorted(study.trials.exclude(state="WAITING").values_list("number", flat=True))
    assert outcomes.stopped.sum() == study.trials.filter(state="PRUNED").exclude(ending_motive="").count()
    assert outcomes.finished.sum() == study.n_complete


def test_values_at_the_last_look_and_the_end_are_those_observed(played: Played) -> None:
    study = played.study
    outcomes = halting_of(study, study.plan().space).outcomes
    last = outcomes.looks[-1]

    for place, number in enumerate(outcomes.number):
        trial = study.trials.get(number=int(number))
        seen = Observation.objects.filter(trial=trial, step=last).order_by("-sequence").first()
        best = np.nan if seen is None or seen.best is None else seen.best
        end = trial.value if trial.state == "COMPLETE" and trial.value is not None else np.nan
        assert outcomes.at_looks[place, len(outcomes.looks) - 1] == pytest.approx(best, nan_ok=True)
        assert outcomes.at_looks[place, -1] == pytest.approx(end, nan_ok=True)


def test_it_is_kept_until_the_study_moves_on(played: Played) -> None:
    study, space = played.study, played.study.plan().space
    first = halting_of(study, space)

    assert halting_of(study, space) is first
    Study.objects.filter(pk=study.pk).update(version=study.version + 1)
    study.refresh_from_db()
    assert halting_of(study, space) is not first


def test_an_unfair_region_is_told_of_once(wronged: Study) -> None:
    Alert.objects.create(
        project=wronged.project,
        name="team",
        channel="webhook",
        target="https://x.example",
        kinds=["unfair_region"],
        created_at=NOW,
    )

    assert carding.warn_of_unfair_regions(wronged) == 1
    assert carding.warn_of_unfair_regions(wronged) == 1

    message = Delivery.objects.get().message
    assert "5 of 7 trials were stopped there" in message["sentence"]
    assert "ended 40 ranks of a hundred better" in message["sentence"]
    assert "at least 11 better" in message["sentence"]
    assert message["headline"] == "A region may have been pruned unfairly"


def test_the_page_names_the_region_the_test_and_the_trials(wronged: Study) -> None:
    client = Client()
    client.force_login(factories.a_person("editor", wronged.project))

    page = client.get(f"/studies/{wronged.pk}/halted/").content.decode()

    looks = halting_of(wronged, wronged.plan().space).outcomes.looks
    assert "Perhaps pruned unfairly" in page
    assert "But its 2 control trials ended 40 ranks of a hundred better" in page
    assert f"of similar rank at step {looks[0]:,}: at least 11 better, with 95\N{NARROW NO-BREAK SPACE}%" in page
    assert "Permutation test, p = 0.012, adjusted for every region and look" in page
    assert "against a gain of 5 ranks of a hundred, the smallest worth telling" in page
    assert "Those that gained most: trials" in page
    assert f"/studies/{wronged.pk}/trials/3/" in page
