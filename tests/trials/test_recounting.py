"""What stands ready of a study's trials is what counting them gives, whatever happened to them."""

from __future__ import annotations

import random
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from tests.trials.builders import NOW, ScriptedReviewer, a_study, an_attempt, tell
from trials import closing, continuing, endings, recounting
from trials.endings import Usage
from trials.models import Attempt, EndingCount, Study, Trial
from trials.plan import Budget
from trials.running.claims import claim
from trials.seam import Action, Decision

pytestmark = pytest.mark.django_db

REASONS = (("outpaced", "speed"), ("diverged", "risk"), ("overfitting", "generalisation"))


@pytest.mark.usefixtures("reviewer")
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_to_trials_every_rollup_equals_a_recount(seed: int, direction: str) -> None:
    from trials.plan import Objective

    study = a_study(
        budget=Budget(trials=200),
        objectives=(Objective(metric="loss", direction=direction),),  # type: ignore[arg-type]  # one of the two
    )
    happenings = Happenings(study, random.Random(seed))

    for _ in range(120):
        happenings.happen()
        assert recounting.differences(study.pk) == []
    closing.stop_study(study, person="robin", note="", at=NOW)
    for attempt in happenings.live:
        endings.halt_if_asked(attempt.pk, at=NOW)
    closing.settle(study, at=NOW)

    assert recounting.differences() == []
    study.refresh_from_db()
    assert study.state == Study.State.ENDED
    assert study.n_ended == sum(count.n for count in study.ending_counts.all()) > 20


class Happenings:
    """Things that happen to the trials of a study, drawn at random, each through its real door."""

    def __init__(self, study: Study, dice: random.Random) -> None:
        self.study, self.dice = study, dice
        self.live: list[Attempt] = []
        self.now = NOW

    def happen(self) -> None:
        self.now += timedelta(seconds=1)
        if len(self.live) < 3:
            waiting = claim(None, queue="cpu", slot=0, device="cpu", at=self.now, claimed_by="t", study=self.study)
            self.live.append(waiting or an_attempt(self.study))
            return
        things = [self.judge, self.judge, self.judge, self.complete, self.fail, self.lose, self.resume, self.stop]
        things.append(self.go_on)
        self.dice.choice(things)()

    def take(self) -> Attempt:
        attempt = self.live.pop(self.dice.randrange(len(self.live)))
        attempt.refresh_from_db()
        return attempt

    def judge(self) -> None:
        attempt = self.take()
        code, motive = self.dice.choice(REASONS)
        action = self.dice.choice([Action.KEEP, Action.STOP, Action.PAUSE, Action.FINISH])
        step = (attempt.last_step or attempt.resumed_from) + 1
        if action is not Action.KEEP:
            ScriptedReviewer.script[attempt.trial.number, step] = Decision(
                action=action, code=code, motive=motive, sentence="So it is.", step=step
            )
            ScriptedReviewer.alarms.add(step)
        if step < self.study.horizon:
            tell(attempt, step, step, self.dice.uniform(0.0, 1.0))
        if Attempt.objects.get(pk=attempt.pk).is_live:
            self.live.append(attempt)
        else:
            endings.record_usage(attempt, Usage(wall_seconds=self.dice.uniform(1, 9)), at=self.now)

    def complete(self) -> None:
        endings.complete(self.take(), at=self.now, value=self.dice.choice([0.25, 0.5, 0.75]))

    def fail(self) -> None:
        endings.fail(self.take(), code="out_of_memory", sentence="It did not fit.", at=self.now)

    def lose(self) -> None:
        endings.requeue(self.take(), outcome="worker_lost", sentence="Lost.", at=self.now)

    def resume(self) -> None:
        paused = self.study.trials.filter(state=Trial.State.PAUSED).order_by("number").first()
        if paused is not None:
            endings.resume(paused, at=self.now)
            # The second caller comes too late, and moves nothing.
            assert not endings.resume(paused, at=self.now)

    def go_on(self) -> None:
        ended = self.study.trials.filter(state__in=[Trial.State.PRUNED, Trial.State.FAILED], continued_by=None)
        if trial := ended.order_by("number").last():
            continuing.continue_trial(trial, person="robin", at=self.now)

    def stop(self) -> None:
        standing = list(self.study.trials.filter(state__in=[Trial.State.PAUSED, Trial.State.WAITING]))
        if standing:
            endings.stop_by_person(self.dice.choice(standing), person="robin", note="", at=self.now)


@pytest.mark.usefixtures("reviewer")
def test_a_count_that_is_off_is_named_and_put_right() -> None:
    study = a_study()
    endings.complete(an_attempt(study), at=NOW, value=0.5)
    EndingCount.objects.filter(study=study).update(n=7)
    Study.objects.filter(pk=study.pk).update(n_complete=3, best_value=0.1)

    out = StringIO()
    said = call_command("recount", "--check", stdout=out)

    assert said == "1 studies differ from their trials."
    assert f"study {study.pk}: n_complete is stored as 3, counted 1" in out.getvalue()
    assert f"study {study.pk}: COMPLETE finished is stored as 7, counted 1" in out.getvalue()
    assert call_command("recount", str(study.pk), stdout=out) == "Corrected 1 studies."
    assert call_command("recount", stdout=out) == "Every count is right."
    study.refresh_from_db()
    assert (study.n_complete, study.best_value, study.best_number) == (1, 0.5, 0)


@pytest.mark.usefixtures("reviewer")
def test_trials_written_past_the_doors_count_after_a_repair() -> None:
    study = a_study()
    Trial.objects.create(
        study=study, number=5, params={"x": 1.0}, state="PRUNED", ending_code="outpaced", ending_motive="speed",
        ending_step=4, steps_trained=4, value=0.3, created_at=NOW, ended_at=NOW,
    )  # fmt: skip

    recounting.repair(study)

    study.refresh_from_db()
    assert (study.n_pruned, study.steps_trained, study.steps_saved, study.best_value) == (1, 4, 6, None)
    assert recounting.differences() == []
