"""Studies and trials over HTTP: launch, read, amend, stop; what one may not see does not exist."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from tests.trials.api.conftest import Program, member
from tests.trials.builders import NOW, a_study, an_attempt
from tests.trials.plans import OWN_LOOP
from tests.trials.toy import TRAINABLES
from trials.models import Project, Study, Trial
from trials.plan import Budget
from trials.reporting import report
from trials.search import top_up
from trials.series import Point


def test_a_study_is_launched_from_yaml(editor: Program) -> None:
    status, body = editor.post("studies", {"project": "lab", "plan": OWN_LOOP})

    study = Study.objects.get(pk=body["id"])
    assert status == 201
    assert (body["name"], body["project"], body["trials"]["waiting"]) == ("Own loop", "lab", 2)
    assert (study.created_by, study.revisions.get().source) == (editor.user, OWN_LOOP)


def test_a_study_is_launched_from_data(editor: Program) -> None:
    plan = {
        "name": "from data",
        "objective": {"metric": "loss", "direction": "minimize"},
        "space": {"x": {"type": "float", "low": 0, "high": 1}},
        "budget": {"trials": 3},
        "horizon": 10,
    }

    status, body = editor.post("studies", {"project": "lab", "plan": plan})

    assert status == 201
    assert json.loads(Study.objects.get(pk=body["id"]).revisions.get().source) == plan


def test_a_plan_with_faults_is_answered_with_all_of_them(editor: Program) -> None:
    faulty = OWN_LOOP.replace("seed: 7", "sede: 7").replace("low: 1, high: 8", "low: 8, high: 1")

    status, body = editor.post("studies", {"project": "lab", "plan": faulty})

    assert (status, body["code"]) == (400, "bad_plan")
    assert body["problems"] == [
        {"path": "space.layers.low", "message": "8 is above high, 1; swap the two", "line": 10},
        {"path": "sede", "message": "there is no such field; did you mean `seed`?", "line": 16},
    ]
    assert Study.objects.count() == 1


def test_a_name_that_is_taken_is_a_conflict(editor: Program) -> None:
    editor.post("studies", {"project": "lab", "plan": OWN_LOOP})

    status, body = editor.post("studies", {"project": "lab", "plan": OWN_LOOP})

    assert (status, body["code"]) == (409, "name_taken")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"plan": OWN_LOOP}, "project: This field is required."),
        ({"project": "lab"}, "plan: This field is required."),
        ([], "Expected a dictionary"),
        ({"project": ["lab"], "plan": OWN_LOOP}, "project: Not a valid string."),
        ({"project": "lab", "plan": 3}, "not a plan"),
        ({"project": "lab", "plan": None}, "plan: This field may not be null."),
    ],
)
def test_a_launch_without_its_fields_is_refused(editor: Program, body: object, message: str) -> None:
    status, answer = editor.post("studies", body)

    assert status == 400
    assert message in answer["detail"]


def test_a_viewer_launches_nothing_and_a_stranger_finds_no_project(viewer: Program, outsider: Program) -> None:
    body = {"project": "lab", "plan": OWN_LOOP}

    assert viewer.post("studies", body)[0] == 403
    assert outsider.post("studies", body)[0] == 404
    assert Study.objects.count() == 1


def test_a_token_that_only_reports_launches_nothing(project: Project) -> None:
    program = Program(member(project, "rob", "owner"), scope="report")

    status, body = program.post("studies", {"project": "lab", "plan": OWN_LOOP})

    assert (status, body["code"]) == (403, "permission_denied")


def test_one_sees_the_studies_of_ones_projects(editor: Program, outsider: Program, study: Study) -> None:
    assert [row["id"] for row in editor.get("studies")[1]["results"]] == [study.pk]
    assert outsider.get("studies")[1] == {"next": None, "results": []}
    assert editor.get("studies?state=ENDED")[1]["results"] == []
    assert [row["slug"] for row in editor.get("projects")[1]["results"]] == ["lab"]
    assert editor.get("projects")[1]["results"][0]["role"] == "editor"


@pytest.mark.parametrize(
    "path",
    [
        "studies/{id}",
        "studies/{id}/revisions",
        "studies/{id}/trials",
        "studies/{id}/trials/0",
        "studies/{id}/trials/0/series",
    ],
)
def test_what_belongs_to_others_does_not_exist(study: Study, editor: Program, outsider: Program, path: str) -> None:
    top_up(study, free_slots=1, at=NOW)

    assert editor.get(path.format(id=study.pk))[0] == 200
    assert outsider.get(path.format(id=study.pk))[0] == 404
    assert outsider.get(path.format(id=study.pk))[1]["code"] == "not_found"


@pytest.mark.parametrize("verb", ["stop", "amend", "enqueue", "claim", "trials/0/stop"])
def test_a_viewer_changes_nothing_and_a_stranger_finds_nothing(
    study: Study, viewer: Program, outsider: Program, verb: str
) -> None:
    top_up(study, free_slots=1, at=NOW)

    assert viewer.post(f"studies/{study.pk}/{verb}")[0] == 403
    assert outsider.post(f"studies/{study.pk}/{verb}")[0] == 404


@pytest.mark.parametrize("path", ["studies/0", "studies/999999999999999999", "studies/99999999999999999999999", "no"])
def test_an_id_that_nobody_has_is_not_found(editor: Program, path: str) -> None:
    assert editor.get(path)[0] == 404


def test_a_study_shows_its_plan_with_every_revision(editor: Program, study: Study) -> None:
    status, (revision,) = editor.get(f"studies/{study.pk}/revisions")

    assert status == 200
    assert revision["number"] == 1
    assert revision["plan"]["budget"] == {"trials": 3, "slot_hours": None, "wall_hours": None}
    assert len(revision["fingerprint"]) == 64


def test_a_plan_is_amended_with_a_reason(editor: Program) -> None:
    _, study = editor.post("studies", {"project": "lab", "plan": OWN_LOOP})
    more = OWN_LOOP.replace("trials: 20", "trials: 40")

    assert editor.post(f"studies/{study['id']}/amend", {"plan": more})[0] == 400
    status, body = editor.post(f"studies/{study['id']}/amend", {"plan": more, "reason": "It still falls."})
    refused = editor.post(
        f"studies/{study['id']}/amend", {"plan": more.replace("horizon: 100", "horizon: 200"), "reason": "longer"}
    )

    assert (status, body["number"], body["author"]) == (200, 2, "edith")
    assert (refused[0], refused[1]["code"]) == (409, "amendment_refused")


def test_stopping_twice_is_stopping_once(editor: Program, study: Study) -> None:
    top_up(study, free_slots=2, at=NOW)

    first = editor.post(f"studies/{study.pk}/stop", {"reason": "The data were wrong."})
    again = editor.post(f"studies/{study.pk}/stop", {"reason": "again"})

    assert first[0] == again[0] == 200
    assert first[1]["state"] == again[1]["state"] == "ENDED"
    assert again[1]["ending_sentence"] == "Stopped by edith: The data were wrong."


def test_one_trial_is_stopped(editor: Program, study: Study) -> None:
    top_up(study, free_slots=2, at=NOW)

    status, body = editor.post(f"studies/{study.pk}/trials/1/stop", {"reason": "Not this one."})

    assert (status, body["state"], body["ending_code"]) == (200, "PRUNED", "stopped_by_user")


def test_a_configuration_is_enqueued(editor: Program, study: Study) -> None:
    path = f"studies/{study.pk}/enqueue"

    status, body = editor.post(path, {"params": {"x": 0.25}, "note": "a hunch"})
    outside = editor.post(path, {"params": {"x": 2}})

    assert (status, body["number"], body["origin"], body["params"]) == (201, 0, "enqueued", {"x": 0.25})
    assert (outside[0], outside[1]["code"]) == (400, "not_in_space")


def test_trials_come_in_pages_by_number(editor: Program) -> None:
    study = a_study(name="large", budget=Budget(trials=9))
    top_up(study, free_slots=5, at=NOW)
    Trial.objects.filter(study=study, number=3).update(state="FAILED", ending_code="error", ended_at=NOW)

    _, first = editor.get(f"studies/{study.pk}/trials?limit=2")
    _, second = editor.get(first["next"].split("/api/v1/")[1])
    _, last = editor.get(f"studies/{study.pk}/trials?limit=2&after=3")
    _, failed = editor.get(f"studies/{study.pk}/trials?state=FAILED")

    assert [row["number"] for row in first["results"]] == [0, 1]
    assert [row["number"] for row in second["results"]] == [2, 3]
    assert [row["number"] for row in last["results"]] == [4]
    assert last["next"] is None
    assert [row["number"] for row in failed["results"]] == [3]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=٣", "after=-1", "limit=" + "9" * 400])
def test_an_odd_page_is_refused(editor: Program, study: Study, query: str) -> None:
    status, body = editor.get(f"studies/{study.pk}/trials?{query}")

    assert (status, body["code"]) == (400, "invalid")


def test_a_list_costs_the_same_however_long_it_is(
    editor: Program, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    study = a_study(name="large", budget=Budget(trials=9))
    top_up(study, free_slots=6, at=NOW)
    editor.get("studies")

    with django_assert_num_queries(4):  # token, study, trials, their tags
        editor.get(f"studies/{study.pk}/trials")
    with django_assert_num_queries(3):  # token, studies, their tags
        editor.get("studies")


def test_series_travel_with_words_for_what_is_not_finite(editor: Program, study: Study) -> None:
    attempt = an_attempt(study)
    points = [
        Point(step=1, metrics={"loss": 0.5, "speed": 10.0}),
        Point(step=2, metrics={"loss": float("nan")}),
        Point(step=3, metrics={"loss": float("-inf")}, labels={"fold": "2"}),
    ]
    report(attempt_id=attempt.pk, batch=1, points=points, at=NOW)

    _, every = editor.get(f"studies/{study.pk}/trials/0/series")
    _, (folded,) = editor.get(f"studies/{study.pk}/trials/0/series?metric=loss&labels=%7B%22fold%22%3A%222%22%7D")

    assert {"metric": "loss", "labels": {}, "steps": [1, 2], "values": [0.5, "nan"]} in every
    assert len(every) == 3
    assert folded == {"metric": "loss", "labels": {"fold": "2"}, "steps": [3], "values": ["-inf"]}
    assert editor.get(f"studies/{study.pk}/trials/0")[1]["last_value"] == "nan"


def test_a_study_with_a_trainable_is_not_claimed_from_elsewhere(editor: Program, settings: Settings) -> None:
    settings.TRAINABLES = TRAINABLES
    plan = {
        "name": "toy",
        "objective": {"metric": "val_loss", "direction": "minimize"},
        "space": {"layers": {"low": 1, "high": 4}},
        "trainable": "toy",
        "budget": {"trials": 2},
    }
    _, study = editor.post("studies", {"project": "lab", "plan": plan})

    status, body = editor.post(f"studies/{study['id']}/claim")

    assert (status, body["code"]) == (400, "runs_on_workers")


def test_the_schema_describes_every_address_without_a_warning(
    editor: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    status, schema = editor.get("schema")

    assert status == 200
    assert {"/api/v1/studies/{id}/claim", "/api/v1/attempts/{id}/report"} <= schema["paths"].keys()
    assert capsys.readouterr().err == ""


def test_nobody_is_let_in_without_a_token(study: Study) -> None:
    answer = Client().get(f"/api/v1/studies/{study.pk}")

    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert Client().get("/api/v1/schema").status_code == 401


def test_a_wrong_method_is_named(editor: Program, study: Study) -> None:
    status, body = editor.send("DELETE", f"studies/{study.pk}")

    assert (status, body["code"]) == (405, "method_not_allowed")


def test_a_person_logged_in_may_read_but_needs_the_form_token_to_change(study: Study, editor: Program) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(editor.user)

    assert browser.get(f"/api/v1/studies/{study.pk}").status_code == 200
    refused = browser.post(f"/api/v1/studies/{study.pk}/stop", "{}", content_type="application/json")
    assert refused.status_code == 403
