"""Claim, report, beat, tell: the door for training code elsewhere."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from tests.trials.api.conftest import Program, member
from tests.trials.builders import NOW, STOP_AT_4, ScriptedReviewer, a_study
from trials import closing, endings, remote
from trials.models import Attempt, SeriesTail, Study, Trial
from trials.plan import Budget


@pytest.fixture
def reporter(study: Study) -> Program:
    """A program whose token only reports."""
    return Program(member(study.project, "rhea", "editor"), scope="report")


def claim(program: Program, study: Study) -> dict[str, Any]:
    status, body = program.post(f"studies/{study.pk}/claim")
    assert status == 200, body
    attempt: dict[str, Any] = body["attempt"]
    return attempt


def batch(number: int, *values: object, first: int | None = None) -> dict[str, object]:
    start = number if first is None else first
    return {"batch": number, "points": [{"step": start + i, "metrics": {"loss": v}} for i, v in enumerate(values)]}


def test_a_claim_brings_all_that_training_needs(reporter: Program, study: Study) -> None:
    attempt = claim(reporter, study)

    assert (attempt["study"], attempt["trial"], attempt["number"], attempt["trial_state"]) == (
        study.pk,
        0,
        1,
        "RUNNING",
    )
    assert (attempt["metric"], attempt["direction"], attempt["horizon"], attempt["resumed_from"]) == (
        "loss",
        "minimize",
        10,
        0,
    )
    assert 0.0 <= attempt["params"]["x"] <= 1.0
    assert Attempt.objects.get(pk=attempt["id"]).claimed_by == "rhea"


def test_every_claim_gets_another_trial_until_all_are_given_out(reporter: Program, study: Study) -> None:
    numbers = [claim(reporter, study)["trial"] for _ in range(3)]

    assert numbers == [0, 1, 2]
    assert reporter.post(f"studies/{study.pk}/claim")[1] == {"attempt": None, "reason": "nothing_waits"}


def test_a_study_that_was_stopped_gives_out_nothing(reporter: Program, study: Study) -> None:
    closing.stop_study(study, person="edith", note="", at=NOW)

    assert reporter.post(f"studies/{study.pk}/claim")[1] == {"attempt": None, "reason": "ended"}


def test_a_report_is_answered_with_the_verdict(
    reporter: Program, study: Study, reviewer: type[ScriptedReviewer]
) -> None:
    study = a_study(name="judged")
    reviewer.script = {(0, 4): STOP_AT_4}
    attempt = claim(reporter, study)

    _, kept = reporter.post(f"attempts/{attempt['id']}/report", batch(1, 0.9, 0.8, 0.7))
    _, stopped = reporter.post(f"attempts/{attempt['id']}/report", batch(2, 0.9, first=4))

    assert (kept["action"], kept["halts"]) == ("KEEP", False)
    assert stopped == {
        "action": "STOP",
        "halts": True,
        "code": "outpaced",
        "motive": "speed",
        "sentence": "Stopped at step 4: too slow.",
        "step": 4,
    }
    assert Trial.objects.get(study=study, number=0).state == "PRUNED"


def test_a_batch_that_is_sent_again_gets_its_first_answer_whatever_happened_since(
    reporter: Program, study: Study
) -> None:
    attempt = claim(reporter, study)
    path = f"attempts/{attempt['id']}"
    first = reporter.post(f"{path}/report", batch(1, 0.9))
    reporter.post(f"{path}/tell", {"state": "complete"})

    again = reporter.post(f"{path}/report", batch(1, 0.9))

    assert again == first
    assert SeriesTail.objects.count() == 1


def test_a_new_batch_for_a_finished_trial_is_refused_by_name(reporter: Program, study: Study) -> None:
    attempt = claim(reporter, study)
    reporter.post(f"attempts/{attempt['id']}/report", batch(1, 0.9))
    reporter.post(f"attempts/{attempt['id']}/tell", {"state": "complete"})

    status, body = reporter.post(f"attempts/{attempt['id']}/report", batch(2, 0.8))

    assert (status, body["code"]) == (409, "trial_finished")
    assert SeriesTail.objects.count() == 1


def test_a_stale_attempt_is_fenced_out(reporter: Program, study: Study) -> None:
    stale = claim(reporter, study)
    endings.requeue(Attempt.objects.get(pk=stale["id"]), outcome="worker_lost", sentence="No beat.", at=NOW)
    claim(reporter, study)

    answers = [
        reporter.post(f"attempts/{stale['id']}/{verb}", body)
        for verb, body in (("report", batch(1, 0.9)), ("beat", {}), ("tell", {"state": "complete"}))
    ]

    assert [(status, body["code"]) for status, body in answers] == [(409, "stale_attempt")] * 3
    assert not SeriesTail.objects.exists()


def test_what_is_not_finite_is_told_in_words(reporter: Program, study: Study) -> None:
    attempt = claim(reporter, study)

    status, _ = reporter.post(f"attempts/{attempt['id']}/report", batch(1, "nan", "inf", "-inf", 7))

    assert status == 200
    assert reporter.get(f"studies/{study.pk}/trials/0/series")[1][0]["values"] == ["nan", "inf", "-inf", 7.0]


BAD: dict[str, tuple[object, str]] = {
    "no object": ([1], "body: not an object"),
    "no batch": ({"points": []}, "batch: None is not a whole number"),
    "a batch in words": ({"batch": "1", "points": []}, "batch: '1' is not a whole number"),
    "batch zero": (batch(0, 0.5, first=1), "batch: 0 is out of range"),
    "an endless batch number": (batch(2**60, 0.5, first=1), "is out of range"),
    "a batch that is true": ({"batch": True, "points": []}, "batch: True is not a whole number"),
    "no points": ({"batch": 1, "points": []}, "points: the batch is empty"),
    "points that are none": ({"batch": 1, "points": {}}, "points: not a list"),
    "too many points": ({"batch": 1, "points": [{}] * 10_001}, "at most 10000"),
    "a point that is none": ({"batch": 1, "points": [3]}, "points[0]: not an object"),
    "a point without a step": ({"batch": 1, "points": [{"metrics": {"loss": 1}}]}, "points[0].step: None"),
    "a broken step": ({"batch": 1, "points": [{"step": 1.5, "metrics": {"loss": 1}}]}, "points[0].step: 1.5"),
    "a step below zero": ({"batch": 1, "points": [{"step": -1, "metrics": {"loss": 1}}]}, "points[0].step: -1"),
    "a step beyond the plan": (batch(1, 0.5, first=11), "lies beyond the planned length 10"),
    "steps that fall": (
        {"batch": 1, "points": [{"step": 2, "metrics": {"loss": 1}}, {"step": 1, "metrics": {"loss": 1}}]},
        "points[1].step: 1 was told before",
    ),
    "no metrics": ({"batch": 1, "points": [{"step": 1, "metrics": {}}]}, "points[0].metrics: no metric"),
    "metrics that are none": (
        {"batch": 1, "points": [{"step": 1, "metrics": [1]}]},
        "points[0].metrics: not an object",
    ),
    "a value in words": (batch(1, "0.5"), "points[0].metrics.loss: '0.5' is no number"),
    "a value that is null": (batch(1, None), "points[0].metrics.loss: None is no number"),
    "a value that is true": (batch(1, True), "points[0].metrics.loss: True is no number"),
    "a metric without a name": ({"batch": 1, "points": [{"step": 1, "metrics": {"": 1}}]}, "is no metric name"),
    "labels that are numbers": (
        {"batch": 1, "points": [{"step": 1, "metrics": {"loss": 1}, "labels": {"fold": 2}}]},
        "points[0].labels: not an object of texts",
    ),
    "labels too long": (
        {"batch": 1, "points": [{"step": 1, "metrics": {"loss": 1}, "labels": {"fold": "x" * 600}}]},
        "points[0].labels: longer than 500",
    ),
    "an unknown field": (
        {"batch": 1, "points": [{"step": 1, "metric": {"loss": 1}}]},
        "points[0].metric: there is no such field",
    ),
}


@pytest.mark.parametrize(("body", "message"), BAD.values(), ids=BAD.keys())
def test_a_report_that_cannot_be_stored_names_the_field(
    reporter: Program, study: Study, body: object, message: str
) -> None:
    attempt = claim(reporter, study)

    status, answer = reporter.post(f"attempts/{attempt['id']}/report", body)

    assert (status, answer["code"]) == (400, "bad_report")
    assert message in answer["detail"]
    assert not SeriesTail.objects.exists()


def test_a_beat_keeps_an_attempt_alive_and_brings_word_of_a_stop(
    reporter: Program, editor: Program, study: Study
) -> None:
    attempt = claim(reporter, study)
    path = f"attempts/{attempt['id']}/beat"

    _, alive = reporter.post(path)
    n_beats = Attempt.objects.get(pk=attempt["id"]).beat
    editor.post(f"studies/{study.pk}/trials/0/stop", {"reason": "Too slow."})
    _, halted = reporter.post(path)

    assert (alive["action"], alive["halts"]) == ("KEEP", False)
    assert (halted["action"], halted["halts"], halted["sentence"]) == ("STOP", True, "Stopped by edith: Too slow.")
    assert n_beats == 1
    assert reporter.post(path)[1]["code"] == "trial_finished"


def test_a_trial_is_told_complete_with_a_value_of_its_own(reporter: Program, study: Study) -> None:
    attempt = claim(reporter, study)
    reporter.post(f"attempts/{attempt['id']}/report", batch(1, 0.9))

    status, body = reporter.post(f"attempts/{attempt['id']}/tell", {"state": "complete", "value": 0.25})

    assert (status, body["state"], body["value"], body["ending_code"]) == (200, "COMPLETE", 0.25, "finished")


def test_telling_twice_is_telling_once(reporter: Program, study: Study) -> None:
    attempt = claim(reporter, study)
    path = f"attempts/{attempt['id']}/tell"

    first = reporter.post(path, {"state": "complete", "value": 0.25})
    again = reporter.post(path, {"state": "complete", "value": 0.75})
    otherwise = reporter.post(path, {"state": "failed"})

    assert again == first
    assert (otherwise[0], otherwise[1]["code"]) == (409, "trial_finished")


def test_a_trial_that_failed_keeps_its_traceback(reporter: Program, study: Study) -> None:
    attempt = claim(reporter, study)
    error = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: no data'

    _, body = reporter.post(f"attempts/{attempt['id']}/tell", {"state": "failed", "error": error})

    assert (body["state"], body["ending_code"], body["ending_sentence"]) == (
        "FAILED",
        "error",
        "Failed: ValueError: no data",
    )
    assert Trial.objects.get(study=study, number=0).traceback == error


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "state: This field is required."),
        ({"state": "done"}, "state: "),
        ({"state": "complete", "value": "nan"}, "value: not a finite number"),
        ({"state": "complete", "value": "3"}, "value: not a finite number"),
        ({"state": "complete", "value": [1]}, "value: not a finite number"),
        ({"state": ["complete"]}, "state: "),
    ],
)
def test_an_ending_that_makes_no_sense_is_refused(reporter: Program, study: Study, body: object, message: str) -> None:
    attempt = claim(reporter, study)

    status, answer = reporter.post(f"attempts/{attempt['id']}/tell", body)

    assert (status, answer["code"]) == (400, "invalid")
    assert message in answer["detail"]


def test_a_study_ends_with_its_last_trial(reporter: Program) -> None:
    study = a_study(name="short", budget=Budget(trials=1))
    attempt = claim(reporter, study)

    reporter.post(f"attempts/{attempt['id']}/tell", {"state": "complete", "value": 0.25})

    study.refresh_from_db()
    assert (study.state, study.ending_code, study.best_value) == ("ENDED", "finished", 0.25)


@pytest.mark.parametrize("verb", ["report", "beat", "tell"])
def test_an_attempt_of_somebody_else_does_not_exist(
    reporter: Program, editor: Program, outsider: Program, viewer: Program, study: Study, verb: str
) -> None:
    attempt = claim(reporter, study)
    path = f"attempts/{attempt['id']}/{verb}"

    assert [program.post(path, batch(1, 0.9))[0] for program in (editor, outsider, viewer)] == [404] * 3
    assert reporter.get(f"attempts/{attempt['id']}")[0] == 200
    assert editor.get(f"attempts/{attempt['id']}")[0] == 404
    assert not SeriesTail.objects.exists()


def test_whoever_lost_the_role_reports_no_more(reporter: Program, study: Study) -> None:
    attempt = claim(reporter, study)
    reporter.user.memberships.update(role="viewer")

    assert reporter.post(f"attempts/{attempt['id']}/report", batch(1, 0.9))[0] == 403
    reporter.user.memberships.all().delete()
    assert reporter.post(f"attempts/{attempt['id']}/report", batch(1, 0.9))[0] == 404


@pytest.mark.django_db(transaction=True)
def test_programs_that_claim_at_once_each_get_a_trial_of_their_own() -> None:
    study = a_study(name="contended", budget=Budget(trials=6))
    start = threading.Barrier(4)

    def claim_two(name: int) -> list[int]:
        try:
            start.wait(timeout=30)
            claimed = [remote.claim(Study.objects.get(pk=study.pk), by=f"p{name}", at=NOW)[0] for _ in range(2)]
            return [attempt.trial.number for attempt in claimed if attempt is not None]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        numbers = [number for got in pool.map(claim_two, range(4)) for number in got]

    assert sorted(numbers) == [0, 1, 2, 3, 4, 5]
    study.refresh_from_db()
    assert (study.n_running, study.n_waiting, study.next_number) == (6, 0, 6)
