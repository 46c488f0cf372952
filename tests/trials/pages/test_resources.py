"""What a study cost: hours by how attempts ended, what stopping saved, and numbers that are not measured."""

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client

from tests import factories
from tests.factories import NOW, Played
from trials import endings
from trials.endings import Usage
from trials.models import Attempt, Project, Study, Trial
from trials.resources import gathering

pytestmark = pytest.mark.django_db


@pytest.fixture
def timed(played: Played) -> Study:
    """A study whose attempts took a minute each, as their workers measured."""
    for place, attempt in enumerate(Attempt.objects.filter(trial__study=played.study).order_by("pk")):
        begun = NOW + timedelta(minutes=place)
        ended = begun + timedelta(seconds=50)
        Attempt.objects.filter(pk=attempt.pk).update(started_at=begun)
        if attempt.ended_at is not None:
            Attempt.objects.filter(pk=attempt.pk).update(ended_at=ended)
            attempt.refresh_from_db()
            endings.record_usage(
                attempt, Usage(wall_seconds=50.0, cpu_seconds=40.0, peak_memory_bytes=2_000_000_000), at=ended
            )
    played.study.refresh_from_db()
    return played.study


def page_of(client: Client, study: Study) -> str:
    return client.get(f"/studies/{study.pk}/resources/").content.decode()


def test_the_page_says_what_was_spent_and_what_was_not_measured(editor: Client, timed: Study) -> None:
    page = page_of(editor, timed)

    n_ended = Attempt.objects.filter(trial__study=timed, ended_at__isnull=False).count()
    assert "2.0 GB" in page
    assert f"{n_ended * 40 // 60} min" in page
    assert page.count("not measured") == 2  # GPU time and energy
    assert "Pruning left" in page


def test_hours_are_told_apart_by_how_attempts_ended(timed: Study) -> None:
    rows = {kind: (n, hours) for kind, n, hours in gathering.hours_by_kind(gathering.attempts_of(timed))}

    n_complete = timed.trials.filter(state="COMPLETE").count()
    complete = sum(rows[kind][0] for kind in ("finished", "control") if kind in rows)
    assert complete == n_complete
    n_failed, hours = rows["failed"]
    assert n_failed == 1
    assert hours == pytest.approx(50 / 3600)
    assert rows["running"][0] == 1


def test_what_stopping_saved_is_counted_at_each_trials_own_pace(timed: Study) -> None:
    found = gathering.trials_of(timed)

    for number, saved, by in zip(found.number, found.saved, found.saved_by, strict=True):
        trial = timed.trials.get(number=int(number))
        if trial.state == Trial.State.PRUNED and trial.ending_motive:
            left = timed.horizon - (trial.ending_step or 0)
            assert saved == pytest.approx(left * trial.slot_seconds / trial.steps_trained)
            assert by == "stopped"
        else:
            assert (saved, by) == (0.0, "")


def test_the_timeline_has_a_bar_for_every_attempt(editor: Client, timed: Study) -> None:
    low = NOW.timestamp()
    data = editor.get(f"/studies/{timed.pk}/timeline.json?from={low}&to={low + 1200}").json()

    assert sum(bar.get("n", 1) for bar in data["bars"]) == Attempt.objects.filter(trial__study=timed).count()
    failed = next(bar for bar in data["bars"] if bar["kind"] == "failed")
    assert failed["sentence"] == "Ended by an error: ValueError: no such file."
    assert failed["w"] == 50.0


def test_a_window_of_the_timeline_is_answered_and_nonsense_is_the_whole(editor: Client, timed: Study) -> None:
    whole = editor.get(f"/studies/{timed.pk}/timeline.json").json()
    low = whole["span"][0]

    part = editor.get(f"/studies/{timed.pk}/timeline.json?from={low}&to={low + 30}").json()
    assert len(part["bars"]) == 1
    assert part["window"] == [low, low + 30]
    for nonsense in ("from=x&to=1", "from=5&to=1", "from=nan&to=inf", "from=1"):
        answer = editor.get(f"/studies/{timed.pk}/timeline.json?{nonsense}").json()
        assert answer["window"] == pytest.approx(whole["window"], abs=60)


def test_the_charts_answer_304_while_nothing_changed(editor: Client, timed: Study) -> None:
    for name in ("timeline", "over-time"):
        first = editor.get(f"/studies/{timed.pk}/{name}.json")
        assert (
            editor.get(f"/studies/{timed.pk}/{name}.json", headers={"If-None-Match": first["ETag"]}).status_code == 304
        )


def test_attempts_can_be_had_as_csv(editor: Client, timed: Study) -> None:
    rows = list(csv.DictReader(io.StringIO(editor.get(f"/studies/{timed.pk}/attempts.csv").content.decode())))

    assert len(rows) == Attempt.objects.filter(trial__study=timed).count()
    assert {row["seconds"] for row in rows if row["ended_at"]} == {"50.0"}


def test_lost_attempts_are_owned_up_to(editor: Client, timed: Study) -> None:
    attempt = Attempt.objects.filter(trial__study=timed, ended_at__isnull=False).order_by("pk")[0]
    Attempt.objects.filter(pk=attempt.pk).update(outcome="worker_lost")

    assert "1 attempt of 1 trial was lost with a worker or a crash" in page_of(editor, timed)


def test_a_study_of_which_nothing_ran_says_so(editor: Client, project: Project) -> None:
    page = page_of(editor, factories.a_study(project, name="fresh"))

    assert "Nothing has run yet." in page
    assert "data-chart" not in page


def test_hostile_names_of_hosts_and_studies_stay_text(editor: Client, project: Project) -> None:
    study = factories.a_hostile_study(project)
    Attempt.objects.filter(trial__study=study).update(claimed_by='"><script>alert(5)</script>')

    assert "<script>alert" not in page_of(editor, study)
    assert "=cmd" not in editor.get(f"/studies/{study.pk}/attempts.csv").content.decode()


@pytest.mark.parametrize(("name", "most"), [("resources/", 18), ("timeline.json", 13), ("over-time.json", 13)])
def test_queries_do_not_grow_with_trials(
    editor: Client, timed: Study, django_assert_max_num_queries: object, name: str, most: int
) -> None:
    with django_assert_max_num_queries(most):  # type: ignore[operator]
        assert editor.get(f"/studies/{timed.pk}/{name}").status_code == 200
