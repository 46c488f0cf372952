"""A prior from the library, fixed as numbers when a study is launched."""

import pytest

from pruning.launch_terms import launch_terms
from pruning.library.measures import Measures
from pruning.links import LIBRARY
from pruning.models import StudyCard
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.standing import standing_of
from pruning.verify import verify
from tests.factories import a_project
from tests.pruning.library.cards import a_card, some_measures
from tests.pruning.studies import NOW, a_plan, a_study
from trials import studies
from trials.models import Project, Study

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]

WANTED = {"preset": "balanced", "prior": "library"}
FIRM = (0.9, 0.92, 0.94, 0.96, 0.98, 0.99)


def a_past_study(name: str, measures: Measures | None = None, project: Project | None = None) -> Study:
    """Return a study with a card; its measures are made up, as only they matter here."""
    from pruning.cards import descriptors_of

    plan = a_plan(name=name)
    study = studies.launch(plan, project=project or lab(), user=None, source="", at=NOW)
    card = a_card(
        name, task=descriptors_of(plan, study.newest_revision().looks), measures=measures or some_measures(FIRM)
    )
    StudyCard.objects.create(study=study, body=card.to_mapping(), metric=study.metric, created_at=NOW)
    return study


def lab() -> Project:
    return Project.objects.get_or_create(slug="lab", defaults={"name": "Lab", "created_at": NOW})[0]


def prior_of(study: Study) -> tuple[float, ...]:
    strategy: object = standing_of(study).policy.strategy
    assert isinstance(strategy, CalibratedHalving)
    return strategy.prior


def test_three_similar_studies_give_the_prior_and_the_revision_keeps_its_numbers() -> None:
    for n in range(3):
        a_past_study(f"past {n}")
    study = a_study(policy=WANTED)
    kept = launch_terms(study.plan().policy)

    assert prior_of(study) == kept.agreement
    assert all(value > general for value, general in zip(prior_of(study), LIBRARY, strict=True))
    assert kept.prior["studies"] == ["past 0", "past 1", "past 2"]
    assert standing_of(study).policy.name == "balanced"
    assert verify(study.uid).holds


def test_what_the_library_learns_later_changes_nothing_for_a_study_that_runs() -> None:
    for n in range(3):
        a_past_study(f"past {n}")
    study = a_study(policy=WANTED)
    before = prior_of(study)
    for n in range(3):
        a_past_study(f"later {n}", some_measures((0.1, 0.1, 0.1, 0.2, 0.2, 0.3)))

    assert prior_of(study) == before
    studies.amend(study, a_plan(policy={**WANTED, "shadow": True}), reason="only watch", user=None, at=NOW)
    assert prior_of(study) == before


def test_amending_to_the_plan_that_holds_is_still_nothing_to_amend() -> None:
    for n in range(3):
        a_past_study(f"past {n}")
    study = a_study(policy=WANTED)
    a_past_study("later")

    with pytest.raises(studies.AmendmentRefused, match="the same as revision 1"):
        studies.amend(study, a_plan(policy=WANTED), reason="again", user=None, at=NOW)


def test_too_few_similar_studies_leave_the_general_prior_and_say_so() -> None:
    for n in range(2):
        a_past_study(f"past {n}")
    study = a_study(policy=WANTED)

    assert prior_of(study) == LIBRARY
    assert "studies" not in launch_terms(study.plan().policy).prior


def test_studies_of_other_projects_have_no_say() -> None:
    for n in range(3):
        a_past_study(f"past {n}", project=a_project("others"))

    assert prior_of(a_study(policy=WANTED)) == LIBRARY


def test_a_plan_that_does_not_ask_is_registered_as_it_is() -> None:
    for n in range(3):
        a_past_study(f"past {n}")

    assert a_study(policy="balanced").plan().policy == "balanced"
