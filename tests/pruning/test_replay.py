"""Replaying judges again from the observations and points, and finds what was altered."""

import math
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pruning.models import PruningEvent
from pruning.replay import compare, judge_again, replay
from tests.pruning.studies import POLICY, a_plan, a_played_study, a_study, an_attempt, events, falling, tell, train
from trials import endings
from trials.models import Observation, SeriesChunk, SeriesTail, Study, Trial
from trials.studies import amend

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]
FLOORS = [1.0, 1.4, 0.8, 1.2, 3.0, 0.5, 2.0, 1.1]


def verdicts(study: Study) -> list[PruningEvent]:
    return [event for event in events(study) if event.kind == "verdict"]


def test_an_untouched_study_replays_bit_for_bit() -> None:
    study = a_played_study(FLOORS)

    result = replay(study)

    assert result.holds
    assert (result.n_exact, result.n_near) == (len(verdicts(study)), 0)
    assert result.sentence() == f"a study: {len(verdicts(study))} verdicts judged again, all agree bit for bit."


def test_one_verdict_is_judged_again_without_reading_every_trial() -> None:
    study = a_played_study(FLOORS)
    event = PruningEvent.objects.of_study(study).filter(verdict="STOP").earliest("sequence")

    with CaptureQueriesContext(connection) as queries:
        again = judge_again(study, event)

    trials_read = [query["sql"] for query in queries if 'FROM "trial" ' in query["sql"]]
    assert again is not None
    assert compare(event, again) == ("", True)
    assert trials_read
    assert all('"trial"."number" = ' in sql or '"trial"."id"' in sql.partition("WHERE")[2] for sql in trials_read)


def test_an_altered_observation_fails_exactly_the_verdicts_that_saw_it() -> None:
    study = a_played_study(FLOORS)
    victim = Observation.objects.filter(study=study, step=2).order_by("sequence")[2]
    saw_it = [event.sequence for event in verdicts(study) if event.step == 2 and event.sequence >= victim.sequence]
    judged = [
        number for number in saw_it if PruningEvent.objects.get(study_uid=study.uid, sequence=number).rule == "asha"
    ]

    Observation.objects.filter(pk=victim.pk).update(value=victim.value + 1e-6)  # type: ignore[operator]

    result = replay(study)
    assert [difference.sequence for difference in result.differences] == judged
    assert judged


def test_an_altered_point_fails_the_gate_that_saw_it() -> None:
    study = a_study()
    attempt = an_attempt(study)
    for step, value in enumerate([4.0, 3.0, 2.5, 2.2, 2.1, 2.05, 10.0, 12.0, 15.0], start=1):
        decision = tell(attempt, step, value)
    assert decision.code == "diverged"
    assert replay(study).holds

    chunk = SeriesChunk.objects.filter(trial=attempt.trial, metric="val_loss").first()
    assert chunk is not None
    SeriesChunk.objects.filter(pk=chunk.pk).update(values=bytes(chunk.values)[:-8] + bytes(8))

    result = replay(study)
    assert [difference.step for difference in result.differences] == [9]


def test_a_sentence_that_was_sealed_wrongly_is_found() -> None:
    study = a_played_study(FLOORS)
    row = next(event for event in verdicts(study) if event.verdict == "STOP")
    row.sentence = "Stopped for no reason."

    from pruning.replay import compare
    from pruning.rules.base import Kind, Verdict

    again = Verdict(
        kind=Kind(row.verdict),
        rule=row.rule,
        version=row.rule_version or 0,
        step=row.step or 0,
        reason=row.reason,
        evidence=row.evidence,
    )
    assert compare(row, again) == ("its sentence reads otherwise", False)


def test_a_study_with_every_kind_of_trouble_replays() -> None:
    study = a_played_study(FLOORS, policy={**POLICY, "safeguards": {"min_peers": 3, "control_every": 4, "patience": 2}})
    nan = an_attempt(study)
    tell(nan, 1, 2.0)
    tell(nan, 2, math.nan)
    crashed = an_attempt(study)
    tell(crashed, 2, 1.0)
    endings.fail(crashed, code="error", sentence="It raised.", at=study.created_at)
    pinned = an_attempt(study, suggestion=None)
    tell(pinned, 2, 9.0)
    endings.pin(Trial.objects.get(pk=pinned.trial_id), pinned=True, person="robin", note="", at=study.created_at)
    tell(pinned, 4, 9.0)
    endings.pin(Trial.objects.get(pk=pinned.trial_id), pinned=False, person="robin", note="", at=study.created_at)
    amend(study, a_plan(policy={**POLICY, "looks": [2, 4, 6]}), reason="Other looks.", user=None, at=study.created_at)
    train(an_attempt(study), falling(2.5))
    study.refresh_from_db()

    result = replay(study)

    assert result.holds, result.sentence()
    assert {event.reason for event in events(study)} >= {"diverged", "error", "pinned", "pin", "unpin"}


def test_a_resumed_attempt_supersedes_and_both_replay() -> None:
    study = a_played_study([1.0, 1.1, 1.2])
    attempt = an_attempt(study, suggestion=None)
    for step, value in zip((1, 2, 4), falling(0.9), strict=False):
        tell(attempt, step, value)
    endings.requeue(attempt, outcome="worker_lost", sentence="Lost.", at=study.created_at)
    from trials.running.claims import claim

    second = claim(None, queue="cpu", slot=0, device="cpu", at=study.created_at, claimed_by="tester", study=study)
    assert second is not None
    train(second, [value + 0.125 for value in falling(0.9)])
    study.refresh_from_db()

    assert replay(study).holds
    steps = list(Observation.objects.filter(trial=attempt.trial).values_list("step", "attempt_number").order_by("step"))
    assert steps == [(2, 1), (4, 1), (8, 2)]


def test_a_batch_over_several_looks_replays() -> None:
    from trials import reporting
    from trials.series import Point

    study = a_played_study([1.0, 1.1, 1.2, 1.3])
    attempt = an_attempt(study, suggestion=None)
    points = [Point(step=step, metrics={"val_loss": 1.0 / step}) for step in (1, 3, 5, 9)]

    reporting.report(attempt_id=attempt.pk, batch=1, points=points, at=study.created_at)
    study.refresh_from_db()

    assert [event.step for event in verdicts(study) if event.trial_number == 4] == [2, 4, 8]
    assert replay(study).holds


def test_the_command_replays_all_studies() -> None:
    study = a_played_study(FLOORS)
    out = StringIO()

    call_command("ledger", "replay", stdout=out)

    assert f"{len(verdicts(study))} verdicts judged again in 1 ledgers." in out.getvalue()


def test_the_command_fails_when_a_verdict_comes_out_otherwise() -> None:
    study = a_played_study(FLOORS)
    Observation.objects.filter(study=study, step=2).update(value=0.0)

    with pytest.raises(CommandError, match="come out otherwise"):
        call_command("ledger", "replay", "a study", stdout=StringIO())


def test_points_that_were_packed_replay_as_those_that_wait() -> None:
    study = a_played_study(FLOORS)

    assert not SeriesTail.objects.filter(trial__study=study, payload__isnull=False).exists()
    assert replay(study).holds


def test_verdicts_under_a_rule_of_another_version_are_named_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    from pruning.rules.asha import Asha

    study = a_played_study([1.0, 1.4, 0.8])

    monkeypatch.setattr(Asha, "version", 2)

    result = replay(study)
    assert result.n_different == result.n_verdicts > 0
    assert result.differences[0].problem == "its trial is gone, or its policy is of another version"
