"""The list of studies."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

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
        with CaptureQueriesContext(connection) as queries:
            editor.get("/")
        return len(queries)

    before = count()
    for place in range(4):
        factories.a_study(played.study.project, name=f"further {place}")

    assert count() <= before + 1, "one query more, the first time, for what the new studies fixed at launch"
    assert count() == before
    assert before <= 14


def test_without_studies_the_page_offers_the_next_step(editor: Client) -> None:
    html = editor.get("/").content.decode()

    assert "No studies yet" in html
    assert "manage.py launch" in html
