"""Studies here that behave otherwise than similar ones did."""

import pytest
from django.test import Client
from django.utils import timezone

from pruning import shifting
from pruning.cards import descriptors_of
from pruning.models import StudyCard
from pruning.shifting import shifts_of
from tests.factories import a_person
from tests.pruning.library.cards import a_card, some_measures
from tests.pruning.studies import NOW, a_plan, a_study, an_attempt, falling, train
from trials import studies
from trials.models import Project, Study

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging", "forgetful")]

FIRM = (0.8, 0.85, 0.9, 0.93, 0.96, 0.99)
LOOSE = (0.0, 0.05, 0.1, 0.15, 0.2, 0.99)
CALIBRATED = {
    "looks": [2, 4, 8],
    "strategy": {"rule": "calibrated_halving"},
    "safeguards": {"min_peers": 2, "control_every": 0},
}


@pytest.fixture
def forgetful() -> None:
    shifting._expected.cache_clear()


def lab() -> Project:
    return Project.objects.get_or_create(slug="lab", defaults={"name": "Lab", "created_at": NOW})[0]


def with_card(study: Study, agreement: tuple[float, ...], **measures: float) -> Study:
    plan = study.plan()
    own = some_measures(agreement, **measures)  # type: ignore[arg-type]  # a test names figures freely
    card = a_card(study.name, task=descriptors_of(plan, study.newest_revision().looks), measures=own)
    Study.objects.filter(pk=study.pk).update(n_complete=50)
    study.refresh_from_db()
    StudyCard.objects.create(study=study, body=card.to_mapping(), metric=study.metric, created_at=timezone.now())
    return study


def three_alike() -> None:
    for n in range(3):
        past = studies.launch(a_plan(name=f"past {n}"), project=lab(), user=None, source="", at=NOW)
        with_card(past, FIRM)


def test_a_study_whose_card_agrees_with_the_others_is_not_warned_of() -> None:
    three_alike()

    assert shifts_of(with_card(a_study(), FIRM)) == ()


def test_a_card_that_disagrees_is_told_on_the_overview_with_its_numbers(client: Client) -> None:
    three_alike()
    study = with_card(a_study(), LOOSE)
    client.force_login(a_person("ada", study.project))
    told = client.get(study.get_absolute_url()).content.decode()

    assert "The early order is worth less here than in 3 similar studies" in told
    assert "0.10 at step 1 (expected" in told


def test_before_twenty_trials_have_ended_nothing_is_asked(django_assert_num_queries: object) -> None:
    study = a_study()

    with django_assert_num_queries(0):  # type: ignore[operator]
        assert shifts_of(study) == ()


def test_with_fewer_than_three_alike_nothing_is_said() -> None:
    past = studies.launch(a_plan(name="past"), project=lab(), user=None, source="", at=NOW)
    with_card(past, FIRM)

    assert shifts_of(with_card(a_study(), LOOSE)) == ()


def test_studies_of_other_projects_are_not_held_against_it() -> None:
    three_alike()
    Study.objects.filter(name__startswith="past").update(
        project=Project.objects.create(slug="others", name="Others", created_at=NOW)
    )

    assert shifts_of(with_card(a_study(), LOOSE)) == ()


def test_a_running_study_is_judged_by_the_values_its_ended_trials_told() -> None:
    three_alike()
    study = a_study(policy={"looks": [], "gates": []})
    assert shifts_of(study) == ()
    for n in range(20):
        train(an_attempt(study), [1.0, 1.5, 2.0, 3.0, 4.0] if n % 2 else falling(1.0))
    study.refresh_from_db()

    (shift,) = shifts_of(study)
    assert shift.sign == "diverged"
    assert shift.sentence == "50 % of the trials have diverged; in 3 similar studies it was 5 %."


def test_a_running_study_is_judged_by_its_newest_calibration() -> None:
    three_alike()
    study = a_study(policy=CALIBRATED)
    floors = [0.1 * n for n in range(24)]
    for n, floor in enumerate(floors):
        early = [
            3.0 + 0.1 * ((7 * n) % 24),
            2.9 + 0.1 * ((11 * n) % 24),
            2.8 + 0.1 * ((5 * n) % 24),
            2.7 + 0.1 * ((13 * n) % 24),
        ]
        train(an_attempt(study), [*early, floor])

    study.refresh_from_db()

    assert any(link.pairs >= 8 for link in shifting._links(study))
    assert "links" in [shift.sign for shift in shifts_of(study)]


def test_the_answer_is_remembered_until_another_study_leaves_a_card(django_assert_max_num_queries: object) -> None:
    three_alike()
    study = with_card(a_study(), LOOSE)
    first = shifts_of(study)

    with django_assert_max_num_queries(2):  # type: ignore[operator]
        assert shifts_of(study) == first
