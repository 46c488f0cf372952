"""The Importance page: what it says, who may ask for it, and what it costs."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.trials.importance.stored import a_searched_study
from trials import explaining
from trials.models import Job, Project, Study

SPREAD = 0.04


def share(middle: float) -> list[float]:
    return [middle, max(0.0, middle - SPREAD), middle + SPREAD]


def reading(*shares: float, n: int = 40, **more: Any) -> dict[str, Any]:
    """Return a reading as the job keeps it, the same for every evaluator."""
    by = {by: [share(middle) for middle in shares] for by in ("fanova", "ped_anova", "permutation", "impurity")}
    pairs = [[0, 2, *share(0.11)], [0, 1, *share(0.01)]]
    surfaces = [{"pair": [0, 2], "z": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]}]
    return {
        "n": n, "missing": "", "step": None, "used": n, "grown": n, "by": by, "pairs": pairs, "surfaces": surfaces,
        "curves": [], "unseen": share(0.5), **more,
    }  # fmt: skip


MISSING = {"n": 12, "missing": "It has 12 of the 20 trials needed.", "step": None}


def result(study: Study, **readings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "names": ["learning_rate", "batch_size", "dropout", "optimizer"], "constant": ["fixed"], "interval": 0.8,
        "refits": 24, "as_of": study.sequence, "n_ended": study.n_ended, "agreement": [[4, 20, 0.91]],
        "fates": {"open": 1, "stopped": 19, "broken": 0, "finished": 20},
        "readings": {
            "imputed": reading(0.66, 0.02, 0.2, 0.0),
            "last_look": reading(0.6, 0.02, 0.25, 0.01),
            "equal_step": reading(0.4, 0.3, 0.1, 0.01, step=4),
            "survival": reading(0.62, 0.02, 0.2, 0.01),
            "finished": reading(0.6, 0.1, 0.2, 0.01, n=20),
            **readings,
        },
    }  # fmt: skip


def kept(study: Study, found: Mapping[str, Any]) -> Job:
    """Keep a result as a finished job does."""
    return Job.objects.create(
        kind=explaining.KIND, study=study, state=Job.State.DONE, result=found, created_at=timezone.now()
    )


@pytest.fixture
def study(project: Project) -> Study:
    return a_searched_study(project)


def url(study: Study, name: str = "importance") -> str:
    return reverse(f"trials:{name}", args=[study.pk])


def said(context: Any) -> str:
    return " ".join("".join(run.text for run in paragraph) for paragraph in context["narrative"]).replace("\u202f", " ")


def test_the_sentence_names_what_matters_with_its_intervals(editor: Client, study: Study) -> None:
    kept(study, result(study))

    context = editor.get(url(study)).context

    assert said(context) == (
        "learning_rate explains 66 % of what can be told of a trial's rank (62–70 %), dropout 20 % (16–24 %). "
        "The interaction of learning_rate with dropout explains another 11 % (7–15 %). "
        "No other parameter or pair explains more than 2 %."
    )
    assert context["trust"].title == "Read the order, not the digits."
    assert "50\u202f% of the ranks it has not seen" in context["trust"].text


def test_rows_stand_in_order_beside_what_the_finished_trials_alone_would_say(editor: Client, study: Study) -> None:
    kept(study, result(study))

    rows = editor.get(url(study)).context["rows"]

    assert [row.name for row in rows] == ["learning_rate", "dropout", "batch_size", "optimizer"]
    assert [row.finished.middle for row in rows] == [0.6, 0.2, 0.1, 0.01]


def test_readings_whose_intervals_do_not_meet_are_marked(editor: Client, study: Study) -> None:
    kept(study, result(study))

    context = editor.get(url(study)).context

    assert {row.name for row in context["reading_rows"] if row.apart} == {"learning_rate", "batch_size", "dropout"}
    assert [column.title for column in context["columns"]] == [
        "Expected end",
        "Last look",
        "Equal step",
        "Survival",
        "Finished only",
    ]
    assert "ranked by what they had reached at 4 steps" in context["columns"][2].help


def test_reading_and_evaluator_are_in_the_address(editor: Client, study: Study) -> None:
    kept(study, result(study))

    context = editor.get(url(study), {"reading": "equal_step", "by": "permutation"}).context

    assert said(context).startswith("learning_rate carries 40 % of what can be predicted of a trial's rank")
    assert [chip.label for chip in context["by_chips"] if chip.active] == ["Permutation"]
    assert editor.get(url(study), {"reading": "nothing", "by": "x"}).context["by_title"] == "fANOVA"


def test_where_nothing_was_stopped_the_finished_trials_are_the_answer(editor: Client, study: Study) -> None:
    found = result(study) | {"fates": {"open": 0, "stopped": 0, "broken": 0, "finished": 40}}
    kept(study, found)

    context = editor.get(url(study)).context

    assert context["reading_title"] == "Finished only"
    assert not context["shows_finished"]


def test_a_reading_that_lacks_trials_says_how_many(editor: Client, study: Study) -> None:
    kept(study, result(study, finished=MISSING))

    response = editor.get(url(study))

    assert response.context["rows"][0].finished is None
    assert "It has 12 of the 20 trials needed." in response.content.decode()


def test_a_model_that_explains_nothing_claims_nothing(editor: Client, study: Study) -> None:
    kept(study, result(study, imputed=reading(0.66, 0.02, 0.2, 0.0, unseen=[0.02, -0.1, 0.1])))

    context = editor.get(url(study)).context

    assert said(context).startswith("These trials tell hardly anything of which parameter matters.")
    assert context["trust"].title == "Do not lean on this."


def test_early_values_that_do_not_speak_for_the_end_are_pointed_out(editor: Client, study: Study) -> None:
    kept(study, result(study) | {"agreement": [[4, 20, -0.2]]})

    assert "correlates −0.20 with the order at the end" in editor.get(url(study)).context["agreement"]
    assert "may then mislead more" in editor.get(url(study)).context["agreement"]


def test_without_scikit_learn_the_page_says_what_is_left(editor: Client, study: Study) -> None:
    only = reading(0.7, 0.1, 0.1, 0.1)
    bare = {key: only[key] for key in ("n", "missing", "step", "used")} | {"by": {"ped_anova": only["by"]["ped_anova"]}}
    kept(study, result(study, imputed=bare))

    context = editor.get(url(study)).context

    assert [chip.label for chip in context["by_chips"]] == ["PED-ANOVA"]
    assert "scikit-learn" in context["trust"].text
    assert context["matrix"] == []


def test_a_stale_result_says_what_has_happened_since(editor: Client, study: Study) -> None:
    kept(study, result(study) | {"as_of": study.sequence - 5, "n_ended": 30})

    response = editor.get(url(study))

    assert response.context["stale"] == "Computed when 30 trials had ended; 39 have now."
    assert response.context["compute_label"] == "Recompute"
    assert "explains" in said(response.context)


def test_an_editor_asks_for_it_and_sees_how_far_it_has_come(editor: Client, study: Study) -> None:
    before = editor.get(url(study))
    assert before.context["compute_url"] == url(study, "compute_importance")
    assert "has not been computed" in before.context["empty_text"]

    answer = editor.post(before.context["compute_url"])
    job = study.jobs.get(kind=explaining.KIND)
    waiting = editor.get(url(study)).context
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, message="refit 9 of 24", done=9, total=24)
    running = editor.get(url(study)).context

    assert (answer.status_code, answer["Location"]) == (302, url(study))
    assert waiting["computing"].text == "Importance: waiting for a worker. You can leave this page."
    assert waiting["compute_url"] == ""
    assert running["computing"].text == "Importance: refit 9 of 24. You can leave this page."
    assert running["computing"].share == 9 / 24


def test_asking_twice_makes_one_job(editor: Client, study: Study) -> None:
    for _ in range(2):
        editor.post(url(study, "compute_importance"))

    assert study.jobs.filter(kind=explaining.KIND).count() == 1


def test_a_viewer_reads_but_is_offered_nothing_to_press(viewer: Client, study: Study) -> None:
    kept(study, result(study))

    assert viewer.get(url(study)).context["compute_url"] == ""
    assert viewer.post(url(study, "compute_importance")).status_code == 403
    assert study.jobs.filter(state=Job.State.WAITING).count() == 0


def test_a_failure_is_said_and_the_last_result_stays(editor: Client, study: Study) -> None:
    kept(study, result(study))
    Job.objects.create(
        kind=explaining.KIND, study=study, state=Job.State.FAILED, message="MemoryError", created_at=timezone.now()
    )

    response = editor.get(url(study))

    assert (response.context["computing"].state, response.context["computing"].text) == ("failed", "MemoryError")
    assert response.context["compute_url"] != ""
    assert "explains" in said(response.context)


def test_too_few_trials_say_how_many_are_needed(editor: Client, project: Project) -> None:
    context = editor.get(url(a_searched_study(project, trials=6))).context

    assert context["empty_text"] == "20 ended trials are needed. 5 have ended."
    assert context["compute_url"] == ""


def test_the_page_asks_again_while_a_job_runs_even_of_an_ended_study(editor: Client, study: Study) -> None:
    Study.objects.filter(pk=study.pk).update(state=Study.State.ENDED, ended_at=factories.NOW, ending_code="finished")
    assert editor.get(url(study)).context["live"] is None

    job = explaining.ask(study, at=timezone.now())
    assert job is not None
    live = editor.get(url(study)).context["live"]
    assert editor.get(live.url, {"version": live.version}).status_code == 204

    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE, result=result(study))
    answer = editor.get(live.url, {"version": live.version})
    assert answer.status_code == 286
    assert 'id="part-importance"' in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_the_result_is_had_as_json_and_csv(editor: Client, study: Study) -> None:
    assert editor.get(url(study, "importance_json")).json()["readings"] == {}
    kept(study, result(study))

    data = editor.get(url(study, "importance_json"))
    rows = list(csv.DictReader(editor.get(url(study, "importance_csv")).content.decode().splitlines()))

    assert data.json()["readings"]["imputed"]["by"]["fanova"][0] == share(0.66)
    assert editor.get(url(study, "importance_json"), HTTP_IF_NONE_MATCH=data["ETag"]).status_code == 304
    first = rows[0]
    assert (first["reading"], first["evaluator"], first["parameter"], first["share"]) == (
        "imputed", "fanova", "learning_rate", "0.66",
    )  # fmt: skip
    assert {"parameter": "learning_rate", "with": "dropout", "share": "0.11"}.items() <= rows[16].items()


def test_a_name_that_a_spreadsheet_would_run_is_disarmed(editor: Client, study: Study) -> None:
    kept(study, result(study) | {"names": ["=1+1", "b", "c", "d"]})

    assert "'=1+1" in editor.get(url(study, "importance_csv")).content.decode()


def test_the_surface_of_a_pair_is_turned_as_asked(editor: Client, study: Study) -> None:
    kept(study, result(study))

    def z(x: str, y: str) -> Any:
        return editor.get(url(study, "surface_json"), {"x": x, "y": y}).json()["z"]

    assert z("learning_rate", "dropout") == [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
    assert z("dropout", "learning_rate") == [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]]
    assert z("learning_rate", "nothing") is None


@pytest.mark.parametrize("trials", [8, 60])
def test_the_page_takes_the_same_queries_whatever_the_number_of_trials(
    editor: Client, project: Project, trials: int
) -> None:
    study = a_searched_study(project, trials=trials)
    kept(study, result(study))

    with CaptureQueriesContext(connection) as queries:
        editor.get(url(study))

    assert len(queries) <= 26


def test_a_hostile_name_in_a_result_is_text(editor: Client, study: Study) -> None:
    kept(study, result(study) | {"names": ["<img src=x onerror=alert(1)>", '"><script>', "</td>", "{{ 7 * 7 }}"]})

    html = editor.get(url(study)).content.decode()

    assert "<img src=x" not in html
    assert '"><script>' not in html
    assert json.dumps("<img") not in html


def test_an_unchanged_page_does_not_read_the_result(editor: Client, study: Study) -> None:
    kept(study, result(study))
    live = editor.get(url(study)).context["live"]

    with CaptureQueriesContext(connection) as queries:
        assert editor.get(live.url, {"version": live.version}).status_code == 204

    assert len(queries) <= 7
    assert not [query for query in queries if '"job"."result"' in query["sql"]]
