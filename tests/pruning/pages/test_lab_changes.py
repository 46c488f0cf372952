"""Renaming and deleting replays: who may, on the page and through the API."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from pruning.lab import sessions
from pruning.lab.deletions import forget
from pruning.models import Backtest, BacktestCell, BacktestTask
from tests import factories
from tests.pruning.lab.backtests import a_finished_study, a_played, a_worker, an_editor, asked, curves
from tests.trials.api.conftest import Program
from trials.models import Job, Project, Role, Study
from trials.running import jobs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]
ONE_RUN = {"policies": ["full"], "orders": 1, "curves": {"toys": []}}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Settings) -> None:
    settings.RECORDED_CURVES = {"toys": curves(tmp_path / "curves", "toys__a")}


@pytest.fixture
def editor() -> User:
    return an_editor()


def as_person(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def a_member(name: str, role: str) -> User:
    return factories.a_person(name, Project.objects.get(slug="lab"), role)


def test_a_replay_gets_another_name_of_one_line(editor: User) -> None:
    shown = asked(editor, **ONE_RUN)

    answer = as_person(editor).post(f"/lab/{shown.pk}/rename/", {"name": "  before\nthe summer "}, follow=True)

    shown.refresh_from_db()
    assert shown.name == "before the summer"
    assert "It is called before the summer now." in answer.content.decode()


def test_without_a_name_it_is_called_after_its_policies(editor: User) -> None:
    shown = asked(editor, **ONE_RUN, name="summer")

    answer = as_person(editor).post(f"/lab/{shown.pk}/rename/", {"name": " "}, follow=True)

    assert "It is called full now." in answer.content.decode()


def test_a_name_that_is_too_long_is_cut_and_harmless(editor: User) -> None:
    shown = asked(editor, **ONE_RUN)

    answer = as_person(editor).post(f"/lab/{shown.pk}/rename/", {"name": "<b>" + "x" * 500}, follow=True)

    shown.refresh_from_db()
    assert len(shown.name) == sessions.MOST_NAME
    assert "<b>x" not in answer.content.decode()


def test_a_deleted_replay_takes_its_figures_and_its_job_along_and_leaves_its_studies(editor: User) -> None:
    shown = a_played(editor, policies=["full"], orders=1, studies=[a_finished_study().pk])
    assert BacktestCell.objects.exists()

    answer = as_person(editor).post(f"/lab/{shown.pk}/delete/", follow=True)

    assert "Deleted the replay full." in answer.content.decode()
    assert not any(model.objects.exists() for model in (Backtest, BacktestTask, BacktestCell))
    assert not Job.objects.filter(kind=sessions.KIND).exists()
    assert Study.objects.count() == 1


DELETING = {
    "who asked for it": ("editor", 302),
    "an owner of the project": ("owner", 302),
    "another editor": ("colleague", 403),
    "a viewer": ("viewer", 403),
    "an outsider": ("outsider", 404),
}


@pytest.mark.parametrize(("who", "status"), DELETING.values(), ids=DELETING.keys())
def test_who_may_delete_a_replay(editor: User, who: str, status: int) -> None:
    shown = asked(editor, **ONE_RUN)
    people = {
        "editor": lambda: editor,
        "owner": lambda: a_member("owner", Role.OWNER),
        "colleague": lambda: a_member("colleague", Role.EDITOR),
        "viewer": lambda: a_member("viewer", Role.VIEWER),
        "outsider": lambda: factories.a_person("outsider"),
    }

    assert as_person(people[who]()).post(f"/lab/{shown.pk}/delete/").status_code == status
    assert Backtest.objects.exists() is (status != 302)


def test_the_page_offers_what_a_person_may_do_and_asks_before_deleting(editor: User) -> None:
    shown = asked(editor, **ONE_RUN)
    mine = as_person(editor).get(f"/lab/{shown.pk}/").content.decode()
    theirs = as_person(a_member("viewer", Role.VIEWER)).get(f"/lab/{shown.pk}/").content.decode()

    assert f'action="/lab/{shown.pk}/rename/"' in mine
    assert 'data-confirm="Delete the replay “full” with its figures? The studies it played stay."' in mine
    assert "rename" not in theirs
    assert "delete" not in theirs


def test_changes_are_posted(editor: User) -> None:
    shown = asked(editor, **ONE_RUN)

    assert as_person(editor).get(f"/lab/{shown.pk}/rename/").status_code == 405
    assert as_person(editor).get(f"/lab/{shown.pk}/delete/").status_code == 405
    assert as_person(editor).post("/lab/999/delete/").status_code == 404


def test_one_that_is_deleted_while_it_is_played_ends_its_job_quietly(
    editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = asked(editor, **ONE_RUN)

    def deleted_meanwhile(*args: object) -> None:
        forget(Backtest.objects.filter(pk=shown.pk))
        raise RuntimeError("nowhere to keep it")

    monkeypatch.setattr(sessions, "_slice", deleted_meanwhile)

    assert jobs.run(shown.job_id, worker=a_worker())
    assert not Job.objects.filter(pk=shown.job_id).exists()


def test_a_program_renames_and_deletes(editor: User) -> None:
    shown, program = asked(editor, **ONE_RUN), Program(editor)

    status, body = program.send("PATCH", f"backtests/{shown.pk}", {"name": "summer"})
    assert (status, body["name"]) == (200, "summer")
    assert program.send("PATCH", f"backtests/{shown.pk}", {"title": "x"})[0] == 400
    assert Program(a_member("viewer", Role.VIEWER)).send("DELETE", f"backtests/{shown.pk}")[0] == 403
    assert Program(factories.a_person("outsider")).send("DELETE", f"backtests/{shown.pk}")[0] == 404
    assert program.http.delete(f"/api/v1/backtests/{shown.pk}").status_code == 204
    assert not Backtest.objects.exists()
