"""A study once more over HTTP, and studies put out of the way."""

from __future__ import annotations

import uuid

import pytest

from tests.trials.api.conftest import Program, member
from tests.trials.plans import OWN_LOOP
from trials.models import Membership, Project, Study


def test_the_plan_of_a_clone_can_be_changed_and_launched(editor: Program) -> None:
    origin = editor.post("studies", {"project": "lab", "plan": OWN_LOOP})[1]

    status, body = editor.get(f"studies/{origin['id']}/clone")
    launched, made = editor.post("studies", {"project": body["project"], "plan": {**body["plan"], "seed": 8}})

    assert (status, body["plan"]["name"]) == (200, "Own loop-2")
    assert (launched, made["name"], made["seed"]) == (201, "Own loop-2", 8)
    assert Study.objects.get(pk=made["id"]).plan().space == Study.objects.get(pk=origin["id"]).plan().space


def test_a_study_is_cloned_as_it_stands_and_once_per_key(editor: Program) -> None:
    origin = editor.post("studies", {"project": "lab", "plan": OWN_LOOP})[1]
    key = str(uuid.uuid4())

    status, made = editor.post(f"studies/{origin['id']}/clone", {"key": key})
    again, same = editor.post(f"studies/{origin['id']}/clone", {"key": key})
    named = editor.post(f"studies/{origin['id']}/clone", {"name": "<b>x</b>"})

    assert (status, made["name"], again, same["id"]) == (201, "Own loop-2", 200, made["id"])
    assert (named[0], named[1]["name"]) == (201, "<b>x</b>")
    first, second = (Study.objects.get(pk=one["id"]).plan() for one in (origin, made))
    assert (first.space, first.budget, first.policy) == (second.space, second.budget, second.policy)


def test_a_clone_may_go_to_another_project_of_ones_own(editor: Program, study: Study) -> None:
    other = Project.objects.create(slug="other", name="Other", created_at=study.created_at)
    refused = editor.post(f"studies/{study.pk}/clone", {"project": "other"})
    Membership.objects.create(project=other, user=editor.user, role="editor")

    status, made = editor.post(f"studies/{study.pk}/clone", {"project": "other"})

    assert refused[0] == 404
    assert (status, made["project"]) == (201, "other")


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"name": "a study"}, 409, "name: the project lab already has a study 'a study'; choose another name"),
        ({"name": "x" * 201}, 400, "name: Ensure this field has no more than 200 characters."),
        ({"name": " "}, 400, "name: This field may not be blank."),
        ({"key": "7"}, 400, "key: Must be a valid UUID."),
        ({"project": ["lab"]}, 400, "project: Not a valid string."),
        ([], 400, "Expected a dictionary"),
    ],
)
def test_a_clone_that_cannot_be_is_refused_by_its_field(
    editor: Program, study: Study, body: object, status: int, message: str
) -> None:
    answer = editor.post(f"studies/{study.pk}/clone", body)

    assert answer[0] == status
    assert message in answer[1]["detail"]
    assert Study.objects.count() == 1


def test_archiving_is_safe_to_repeat_and_can_be_taken_back(editor: Program, study: Study) -> None:
    def archived(body: object) -> object:
        status, answer = editor.post(f"studies/{study.pk}/archive", body)
        assert status == 200
        return answer["archived_at"]

    first = archived({})

    assert first is not None
    assert archived({"archived": True}) == first
    assert archived({"archived": False}) is None
    assert editor.post(f"studies/{study.pk}/archive", {"archived": "perhaps"})[0] == 400


@pytest.mark.parametrize("verb", ["archive", "clone"])
def test_viewers_and_strangers_may_not(study: Study, viewer: Program, outsider: Program, verb: str) -> None:
    reporter = Program(member(study.project, "rob", "editor"), scope="report")

    assert viewer.get(f"studies/{study.pk}/clone")[0] == 200
    assert viewer.post(f"studies/{study.pk}/{verb}")[0] == 403
    assert reporter.post(f"studies/{study.pk}/{verb}")[0] == 403
    assert outsider.get(f"studies/{study.pk}/clone")[0] == 404
    assert outsider.post(f"studies/{study.pk}/{verb}")[0] == 404
    assert (Study.objects.count(), Study.objects.get().archived_at) == (1, None)
