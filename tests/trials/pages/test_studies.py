"""The list of studies."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pruning import judging
from tests import factories
from tests.factories import NOW, Played
from trials.models import Project, Study
from trials.pages import studies


def test_a_row_tells_what_became_of_a_study(editor: Client, played: Played) -> None:
    row = editor.get("/").context["rows"][0]

    study = played.study
    assert (row.name, row.kind, row.state) == ("a study", "running", "Running")
    assert row.best == f"{study.best_value:.4f}"
    assert row.best_number == study.best_number
    assert {share.kind: share.count for share in row.shares} == _counted(study)
    assert row.saved == study.steps_saved / (study.steps_saved + study.steps_trained)
    assert row.slots == "1 slot"


def _counted(study: Study) -> dict[str, int]:
    """Count the trials by glyph, one by one."""
    counts: dict[str, int] = {}
    for trial in study.trials.all():
        kind = {"COMPLETE": "finished", "RUNNING": "running", "FAILED": "failed"}.get(trial.state, trial.ending_motive)
        counts[kind] = counts.get(kind, 0) + 1
    return {**counts, "waiting": 30 - sum(counts.values())}


def test_a_project_filter_and_a_text_narrow_the_list(editor: Client, project: Project) -> None:
    other = factories.a_project("vision-lab", "Vision lab")
    for place, name in enumerate(("lora rank", "lora rate", "digits")):
        factories.a_study(project, name=name)
        Study.objects.filter(name=name).update(last_activity_at=NOW + timedelta(minutes=place))
    factories.a_study(other, name="hidden")

    def names(query: str) -> list[str]:
        return [row.name for row in editor.get(f"/?{query}").context["rows"]]

    assert names("") == ["digits", "lora rate", "lora rank"]
    assert names("q=LORA") == ["lora rate", "lora rank"]
    assert names("project=text-lab&q=digits") == ["digits"]
    assert names("project=vision-lab") == []
    assert names("state=ended") == []


def test_the_page_begins_where_the_last_one_ended(
    editor: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(5):
        study = factories.a_study(project, name=f"study {place}")
        Study.objects.filter(pk=study.pk).update(last_activity_at=NOW + timedelta(minutes=place // 2))
    monkeypatch.setattr(studies, "PAGE", 2)

    first = editor.get("/").context
    second = editor.get(first["older_url"]).context

    assert [row.name for row in first["rows"]] == ["study 4", "study 3"]
    assert [row.name for row in second["rows"]] == ["study 2", "study 1"]


def test_queries_do_not_grow_with_the_number_of_studies(editor: Client, played: Played) -> None:
    def count() -> int:
        judging.forget()
        with CaptureQueriesContext(connection) as queries:
            editor.get("/")
        return len(queries)

    count()
    before = count()
    for place in range(4):
        factories.a_study(played.study.project, name=f"further {place}")

    assert count() == before
    assert before <= 20


def test_without_studies_the_page_offers_the_next_step(editor: Client) -> None:
    html = editor.get("/").content.decode()

    assert "No studies yet" in html
    assert "manage.py launch" in html
    assert 'href="/studies/new/"' in html


def names(client: Client, query: str = "") -> list[str]:
    return [row.name for row in client.get(f"/?{query}").context["rows"]]


def test_archiving_is_out_of_the_way_and_reversible(editor: Client, viewer: Client, project: Project) -> None:
    kept, old = (factories.a_study(project, name=name) for name in ("kept", "old"))
    url = reverse("trials:archive_study", args=[old.pk])
    before = Study.objects.get(pk=old.pk)

    answer = editor.post(url, {"archived": "1", "back": "list"})

    assert answer.headers["Location"] == "/"
    assert names(editor) == ["kept"]
    assert names(editor, "state=archived") == ["old"]
    assert names(viewer, "state=archived&q=old") == ["old"]
    chips = {chip.label: chip.count for chip in editor.get("/").context["filters"]}
    assert (chips["All"], chips["Archived"], chips["Text lab"]) == (1, 1, 1)
    after = Study.objects.get(pk=old.pk)
    assert (after.state, after.last_activity_at, after.sequence) == (
        before.state, before.last_activity_at, before.sequence,
    )  # fmt: skip
    assert editor.get(after.get_absolute_url()).context["head"].is_archived
    editor.post(url, {"archived": "0"})
    assert set(names(editor)) == {kept.name, "old"}


def test_tags_find_a_study(editor: Client, project: Project) -> None:
    one, two = (factories.a_study(project, name=name) for name in ("one", "two"))
    editor.post(reverse("trials:tag_study", args=[one.pk]), {"tags": "baseline, night run"})
    editor.post(reverse("trials:tag_study", args=[two.pk]), {"tags": "baseline"})

    context = editor.get("/").context

    assert {row.name: list(row.tags) for row in context["rows"]} == {
        "one": ["baseline", "night run"], "two": ["baseline"],
    }  # fmt: skip
    assert [(chip.label, chip.count) for chip in context["tags"]] == [("baseline", 2), ("night run", 1)]
    assert names(editor, "tag=night+run") == ["one"]
    assert names(editor, "q=night") == ["one"]
    answer = editor.post(reverse("trials:tag_study", args=[one.pk]), {"tags": "x" * 65}, follow=True)
    assert "use at most 64" in answer.content.decode()
    assert names(editor, "tag=night+run") == ["one"]


def test_a_study_is_found_by_who_launched_it_and_what_it_trains(editor: Client, project: Project) -> None:
    factories.a_study(project, name="mine")
    Study.objects.filter(name="mine").update(trainable="digits_cnn", created_by=project.memberships.get().user)
    factories.a_study(project, name="other")

    assert names(editor, "q=EDITO") == ["mine"]
    assert names(editor, "q=digits") == ["mine"]


def test_every_sort_pages_forth_and_back_over_the_same_rows(
    editor: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, name in enumerate(("beta", "Alpha", "delta", "gamma", "epsilon")):
        study = factories.a_study(project, name=name)
        changes = {"n_complete": place // 2, "steps_trained": 10 * (place > 1), "steps_saved": place}
        Study.objects.filter(pk=study.pk).update(last_activity_at=NOW + timedelta(minutes=place // 2), **changes)
    monkeypatch.setattr(studies, "PAGE", 2)

    for sort in ("activity", "created", "name", "trials", "saved"):
        seen, url = [], f"/?sort={sort}"
        while url:
            last = editor.get(url).context
            seen.append([row.name for row in last["rows"]])
            url = last["older_url"]
        assert sorted(name for page in seen for name in page) == ["Alpha", "beta", "delta", "epsilon", "gamma"], sort
        back = editor.get(last["newer_url"]).context
        assert [row.name for row in back["rows"]] == seen[1], sort
        assert [row.name for row in editor.get(back["newer_url"]).context["rows"]] == seen[0], sort
    assert names(editor, "sort=name") == ["Alpha", "beta"]
    assert names(editor, "sort=saved") == ["Alpha", "epsilon"]


def test_a_viewer_is_offered_neither_clone_nor_archive_nor_launch(viewer: Client, played: Played) -> None:
    context = viewer.get("/").context

    assert (context["rows"][0].clone_url, context["rows"][0].archive_url) == ("", "")
    assert [action.label for action in context["actions"]] == ["Projects"]


def test_the_sentence_adds_up_all_studies_and_not_the_page_alone(
    editor: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(3):
        study = factories.a_study(project, name=f"study {place}")
        Study.objects.filter(pk=study.pk).update(n_running=2, steps_trained=40, steps_saved=60)
    monkeypatch.setattr(studies, "PAGE", 1)

    said = "".join(run.text for run in editor.get("/").context["narrative"][0])

    assert (
        said
        == "3 studies are running on 6 slots. Over all 3, stopping early left 60\u202f% of the planned training undone."
    )
