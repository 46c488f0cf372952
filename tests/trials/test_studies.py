"""Launching registers a plan once; amending needs a reason and keeps the study what it is."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from pytest_django import Settings

from tests.trials.builders import NOW
from tests.trials.toy import TRAINABLES
from trials import studies
from trials.models import Job, Project, Revision, Study, Trial, TrialParam
from trials.plan import Budget, Objective, Plan, read_data
from trials.seam import KeepEverything

pytestmark = pytest.mark.django_db

DATA: dict[str, object] = {
    "name": "digits",
    "objectives": [{"metric": "loss", "direction": "minimize"}],
    "space": {
        "lr": {"type": "float", "low": 1e-5, "high": 1e-1, "log": True},
        "optimizer": {"type": "categorical", "choices": ["sgd", "adam", True, None]},
    },
    "defaults": {"lr": 1e-3, "optimizer": "adam"},
    "enqueue": [{"params": {"lr": 1e-2, "optimizer": True}}, {"params": {"lr": 1e-4, "optimizer": None}}],
    "budget": {"trials": 10},
    "horizon": 100,
}


class Listening(KeepEverything):
    """Remembers what it was told, and looks at two steps."""

    heard: ClassVar[list[tuple[str, int, int]]] = []

    def decision_points(self, plan: Plan) -> tuple[int, ...]:
        return (25, 50)

    def launched(self, study: Study, revision: Revision, *, sequence: int) -> None:
        self.heard.append(("launched", revision.number, sequence))

    def amended(self, study: Study, revision: Revision, *, sequence: int) -> None:
        self.heard.append(("amended", revision.number, sequence))


@pytest.fixture
def heard(settings: Settings) -> list[tuple[str, int, int]]:
    settings.TRIAL_REVIEWER = f"{__name__}.{Listening.__qualname__}"
    Listening.heard = []
    return Listening.heard


@pytest.fixture
def project() -> Project:
    return Project.objects.create(slug="lab", name="Lab", created_at=NOW)


@pytest.fixture
def plan() -> Plan:
    return read_data(DATA)


def launch(plan: Plan, project: Project, user: User | None = None) -> Study:
    return studies.launch(plan, project=project, user=user, source="name: digits", at=NOW)


def test_launching_registers_revision_one(plan: Plan, project: Project, user: User, heard: list[object]) -> None:
    study = launch(plan, project, user)

    revision = study.revisions.get()
    assert (revision.number, revision.author, revision.source) == (1, "robin", "name: digits")
    assert revision.fingerprint == plan.fingerprint
    assert revision.parsed() == plan
    assert revision.looks == [25, 50]
    assert heard == [("launched", 1, revision.from_sequence)]
    assert study.sequence == revision.from_sequence == 1


def test_the_facts_of_a_study_are_its_plans(plan: Plan, project: Project) -> None:
    study = launch(plan, project)

    assert (study.name, study.metric, study.direction, study.horizon) == ("digits", "loss", "minimize", 100)
    assert (study.state, study.n_waiting, study.next_number, study.next_suggestion) == ("RUNNING", 3, 3, 0)


def test_the_defaults_are_trial_zero_and_pinned_and_what_was_asked_for_follows(plan: Plan, project: Project) -> None:
    study = launch(plan, project)

    rows = list(study.trials.order_by("number").values_list("number", "origin", "pinned", "suggestion", "params"))
    assert rows == [
        (0, "defaults", True, None, {"lr": 1e-3, "optimizer": "adam"}),
        (1, "enqueued", False, None, {"lr": 1e-2, "optimizer": True}),
        (2, "enqueued", False, None, {"lr": 1e-4, "optimizer": None}),
    ]


def test_parameters_are_kept_typed(plan: Plan, project: Project) -> None:
    study = launch(plan, project)

    rows = TrialParam.objects.filter(study=study, name="optimizer").order_by("trial__number")
    assert list(rows.values_list("number", "text")) == [(None, "adam"), (None, "true"), (None, "null")]
    assert TrialParam.objects.get(trial__number=0, name="lr").number == 1e-3


def test_a_name_taken_in_the_project_creates_nothing(plan: Plan, project: Project) -> None:
    launch(plan, project)

    with pytest.raises(studies.NameTaken, match="already has a study 'digits'; choose another name"):
        launch(plan, project)

    assert Study.objects.count() == 1
    assert Trial.objects.count() == 3


def test_another_project_may_use_the_same_name(plan: Plan, project: Project) -> None:
    launch(plan, project)

    other = launch(plan, Project.objects.create(slug="other", name="Other", created_at=NOW))

    assert other.name == "digits"


def test_a_study_with_a_trainable_waits_for_its_preparation(project: Project, settings: Settings) -> None:
    settings.TRAINABLES = TRAINABLES
    plan = read_data(
        {
            "name": "toy study",
            "objective": {"metric": "val_loss", "direction": "minimize"},
            "space": {"layers": {"low": 1, "high": 4}},
            "trainable": "toy",
            "budget": {"trials": 2},
        }
    )

    study = launch(plan, project)

    assert Job.objects.get(study=study).kind == "prepare"
    assert study.trainable == "toy"


def test_an_amendment_becomes_the_next_revision(
    plan: Plan, project: Project, user: User, heard: list[tuple[str, int, int]]
) -> None:
    study = launch(plan, project)

    revision = studies.amend(
        study, replace(plan, budget=Budget(trials=20)), reason=" It still falls. ", user=user, at=NOW
    )

    assert (revision.number, revision.reason, revision.author, revision.from_sequence) == (
        2,
        "It still falls.",
        "robin",
        2,
    )
    assert heard[-1] == ("amended", 2, 2)
    assert study.plan().budget.trials == 20


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"objectives": (Objective(metric="loss", direction="maximize"),)}, "objectives", id="direction"),
        pytest.param({"objectives": (Objective(metric="acc", direction="minimize"),)}, "objectives", id="metric"),
        pytest.param({"horizon": 200}, "horizon", id="planned length"),
        pytest.param({"step_unit": "epochs"}, "step_unit", id="step unit"),
        pytest.param({"seed": 1}, "seed", id="seed"),
        pytest.param({}, "plan", id="nothing"),
    ],
)
def test_an_amendment_that_makes_another_study_is_refused(
    plan: Plan, project: Project, changes: dict[str, object], field: str
) -> None:
    study = launch(plan, project)

    with pytest.raises(studies.AmendmentRefused, match=f"^{field}: "):
        studies.amend(study, replace(plan, **changes), reason="because", user=None, at=NOW)  # type: ignore[arg-type]

    assert study.revisions.count() == 1


def test_an_amendment_needs_a_reason(plan: Plan, project: Project) -> None:
    study = launch(plan, project)

    with pytest.raises(studies.AmendmentRefused, match="reason: missing"):
        studies.amend(study, replace(plan, budget=Budget(trials=20)), reason="  ", user=None, at=NOW)


def test_a_study_that_has_ended_is_not_amended(plan: Plan, project: Project) -> None:
    study = launch(plan, project)
    Study.objects.filter(pk=study.pk).update(state="ENDED", ended_at=NOW, ending_code="finished")

    with pytest.raises(studies.AmendmentRefused, match="digits has ended"):
        studies.amend(study, replace(plan, budget=Budget(trials=20)), reason="more", user=None, at=NOW)


def test_a_person_may_add_a_configuration(plan: Plan, project: Project) -> None:
    study = launch(plan, project)

    trial = studies.enqueue(study, {"lr": 0.05, "optimizer": "sgd"}, pinned=True, note="a hunch", at=NOW)

    assert (trial.number, trial.origin, trial.pinned, trial.note) == (3, "enqueued", True, "a hunch")


def test_a_configuration_outside_the_space_is_refused(plan: Plan, project: Project) -> None:
    study = launch(plan, project)

    with pytest.raises(studies.NotInSpace, match=r"params\.lr: 5 is not in the space"):
        studies.enqueue(study, {"lr": 5, "optimizer": "sgd"}, at=NOW)


def test_no_configuration_is_added_beyond_the_budget(plan: Plan, project: Project) -> None:
    study = launch(replace(plan, budget=Budget(trials=3)), project)

    with pytest.raises(studies.BudgetSpent, match="all its 3 trials"):
        studies.enqueue(study, {"lr": 0.05, "optimizer": "sgd"}, at=NOW)


def test_a_continued_trial_counts_as_one_configuration_with_the_one_it_continues(plan: Plan, project: Project) -> None:
    study = launch(replace(plan, budget=Budget(trials=4)), project)
    with transaction.atomic():
        first = study.trials.get(number=0)
        studies.new_trial(study, first.params, origin=Trial.Origin.CONTINUED, continues=first, at=NOW)
    study.refresh_from_db()

    assert studies.room(study, study.plan()) == 1
