"""A trial that a rule stopped is gone on with: one configuration in every rung, and a ledger that still replays."""

import pytest

from pruning.models import PruningEvent
from pruning.replay import replay
from pruning.verify import verify
from tests.pruning.studies import NOW, a_study, an_attempt, events, falling, train
from trials import continuing, endings
from trials.models import Trial
from trials.running.claims import claim

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]


def test_a_stopped_trial_goes_on_and_is_ranked_once() -> None:
    study = a_study()
    for floor in (1.0, 1.1, 1.2, 0.9, 0.8):
        train(an_attempt(study), falling(floor))
    worst = an_attempt(study)
    train(worst, falling(9.0))
    stopped = Trial.objects.get(pk=worst.trial_id)
    assert stopped.ending_code == "outpaced"

    made = continuing.continue_trial(stopped, person="robin", note="a hunch", at=NOW)
    attempt = claim(None, at=NOW, claimed_by="tester", study=study)
    assert attempt is not None
    assert attempt.trial_id == made.pk
    train(attempt, falling(0.5))
    train(an_attempt(study), falling(0.4))

    looks = [row for row in events(study) if row.trial_number == made.number and row.step and row.verdict]
    assert stopped.ending_step is not None
    assert min(row.step or 0 for row in looks) > stopped.ending_step
    asked = PruningEvent.objects.of_study(study).get(kind="intervened")
    assert asked.sentence == "robin asked to retry trial 5: a hunch"
    later = [row for row in events(study) if row.trial_number == made.number + 1 and row.step == 8 and row.verdict]
    # Of the two trials of one configuration, one stands in the rung.
    assert later[0].evidence["population"] == 7
    assert verify(study.uid).holds
    assert replay(study).holds


def test_a_failed_trial_that_is_tried_again_keeps_the_rungs_it_reached() -> None:
    study = a_study()
    first = an_attempt(study)
    train(first, falling(1.0)[:2])
    endings.fail(first, code="error", sentence="It raised.", at=NOW)

    continuing.continue_trial(Trial.objects.get(pk=first.trial_id), person="robin", at=NOW)
    attempt = claim(None, at=NOW, claimed_by="tester", study=study)
    assert attempt is not None
    train(attempt, falling(1.0))

    verdicts = [(row.trial_number, row.step) for row in events(study) if row.verdict]
    assert verdicts == [(0, 2), (1, 4), (1, 8)]
    assert verify(study.uid).holds
    assert replay(study).holds
