"""Pausing, calibrating and resuming under calibrated halving, through the doors of the ground floor."""

import random
from itertools import pairwise

import pytest

from pruning.memory import course_at
from pruning.replay import replay
from pruning.verify import verify
from tests.pruning.studies import STEPS, a_study, an_attempt, events, falling, train
from trials import closing
from trials.models import Study, Trial
from trials.plan import Budget
from trials.running.advancing import advance
from trials.running.claims import claim
from trials.seam import Action

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging", "quiet")]

PAUSING = {
    "looks": [2, 4, 8],
    "gates": [{"rule": "divergence"}],
    "strategy": {
        "rule": "calibrated_halving",
        "action": "pause",
        "risk": 0.5,
        "min_members": 3,
        "wait": 3,
        "min_keep": 1,
        "min_pairs": 0,
        "min_pairs_jump": 0,
    },
    "safeguards": {"min_peers": 0, "control_every": 6},
}


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ring no worker: these tests claim by hand."""
    monkeypatch.setattr("trials.running.doorbell.ring_all", lambda times=1: None)
    monkeypatch.setattr("trials.running.doorbell.ask_for_suggestions", lambda study_id: None)


def go_on(study: Study, floors: dict[int, float]) -> int:
    """Claim and train whatever may go on; return how many attempts that were."""
    n = 0
    while attempt := claim(None, queue="cpu", slot=0, device="cpu", at=study.created_at, claimed_by="t", study=study):
        after = attempt.trial.last_step or 0
        type(attempt).objects.filter(pk=attempt.pk).update(resumed_from=after)
        values = [
            value for step, value in zip(STEPS, falling(floors[attempt.trial.number]), strict=True) if step > after
        ]
        train(attempt, values, after=after)
        advance(study, at=study.created_at)
        n += 1
    return n


def played(n: int = 14) -> Study:
    """Play a study that pauses, with one slot, until nothing may go on."""
    study = a_study(policy=PAUSING, budget=Budget(trials=n))
    dice = random.Random(4)
    floors = {number: dice.uniform(0.5, 3.0) for number in range(n)}
    for number in range(n):
        train(an_attempt(study), falling(floors[number]))
        advance(study, at=study.created_at)
        go_on(study, floors)
    study.refresh_from_db()
    return study


def test_a_paused_study_ends_with_every_trial_ended_and_a_ledger_that_replays() -> None:
    study = played()

    verdicts = [event.verdict for event in events(study)]
    assert "PAUSE" in verdicts
    assert "RESUME" in verdicts
    assert [event.kind for event in events(study)].count("calibrated") >= 1
    assert study.state == "ENDED"
    assert study.n_complete >= 1
    assert verify(study.uid).holds, verify(study.uid).sentence()
    result = replay(study)
    assert result.holds, result.sentence()
    assert result.n_near == 0


def test_after_a_pause_only_a_resume_follows_at_that_rung() -> None:
    study = played()

    for number in range(14):
        mine = [event for event in events(study) if event.trial_number == number and event.kind == "verdict"]
        for earlier, later in pairwise(mine):
            if earlier.verdict == "PAUSE":
                assert (later.verdict, later.step) == ("RESUME", earlier.step)


def test_a_verdict_cites_the_calibration_that_the_ledger_holds() -> None:
    study = played()

    stored = {event.evidence["calibration"]["version"] for event in events(study) if event.kind == "calibrated"}
    cited = {event.evidence["calibration"] for event in events(study) if event.rule == "calibrated_halving"}
    assert cited <= stored


def test_a_state_read_anew_equals_the_one_kept_all_along(monkeypatch: pytest.MonkeyPatch) -> None:
    study = played()
    kept = course_at(study, seen=study.sequence, said=study.sequence)

    monkeypatch.setattr("pruning.memory._memories", type("Empty", (dict,), {"move_to_end": lambda *_: None})())
    anew = course_at(study, seen=study.sequence, said=study.sequence)

    assert anew is not kept
    for step in (2, 4, 8, 16):
        assert anew.population.rung(step, by="best").digest == kept.population.rung(step, by="best").digest
    assert anew.waiting == kept.waiting


def test_a_paused_trial_counts_as_worse_until_it_goes_on() -> None:
    study = a_study(policy=PAUSING, budget=Budget(trials=50))

    train(an_attempt(study), falling(1.0))  # the best so far is never paused

    decision = train(an_attempt(study), falling(2.0))

    assert decision.action is Action.PAUSE
    assert decision.sentence.endswith("Its checkpoint is kept.")
    assert Trial.objects.get(study=study, number=1).state == "PAUSED"
    study.refresh_from_db()
    course = course_at(study, seen=study.sequence, said=study.sequence)
    assert course.population.rung(4).eliminated == 1
    assert list(course.waiting) == [1]


def test_a_study_that_was_stopped_resumes_nobody() -> None:
    study = a_study(policy=PAUSING, budget=Budget(trials=50))
    for floor in (1.0, 1.1, 1.2):
        train(an_attempt(study), falling(floor))

    closing.stop_study(study, person="robin", note="enough", at=study.created_at)
    advance(study, at=study.created_at)

    assert "RESUME" not in [event.verdict for event in events(study)]
    assert set(study.trials.values_list("state", flat=True)) == {"COMPLETE", "PRUNED"}
