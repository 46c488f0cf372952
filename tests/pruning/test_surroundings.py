"""What policies ask for beside curves and ranks, gathered live and again for a replay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from pruning.models import PruningEvent
from pruning.replay import replay
from pruning.verify import verify
from tests.pruning.studies import NOW, STEPS, a_plan, a_study, an_attempt, events, falling, tell, train
from trials import endings, head, reporting
from trials.models import Attempt, SeriesChunk, Study, Trial
from trials.plan import TrainableSpec
from trials.running import gauges
from trials.running.claims import claim
from trials.seam import Action, Decision, reviewer
from trials.series import Point
from trials.studies import new_trial

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]

FOLDS = 10
RACE = {
    "looks": [2, 4, 8],
    "strategy": {"rule": "racing", "alpha": 0.1},
    "safeguards": {"min_peers": 0, "control_every": 0, "top_k": 0},
}


def tell_folds(attempt: Attempt, step: int, folds: Sequence[float], *, batch: int | None = None) -> Decision:
    """Report one value per fold and then their mean, in one batch."""
    points = [
        Point(step=step, metrics={"val_loss": value}, labels={"fold": str(fold)}) for fold, value in enumerate(folds)
    ]
    points.append(Point(step=step, metrics={"val_loss": sum(folds) / len(folds)}))
    return reporting.report(attempt_id=attempt.pk, batch=batch or step, points=points, at=NOW)


def train_folds(attempt: Attempt, floor: float, *, folds: int = FOLDS) -> Decision:
    """Report folds around falling values until told to halt; complete at the horizon."""
    for step, value in zip(STEPS, falling(floor), strict=True):
        decision = tell_folds(attempt, step, [value + 0.01 * fold for fold in range(folds)])
        if decision.action.halts:
            return decision
    endings.complete(attempt, at=NOW)
    return decision


def verdicts(study: Study, trial: int) -> list[PruningEvent]:
    return [row for row in events(study) if row.kind == "verdict" and row.trial_number == trial]


def assert_it_holds(study: Study) -> None:
    """Fail unless the ledger verifies and replays bit for bit."""
    assert verify(study.uid).holds
    again = replay(study)
    assert again.holds, again.sentence()
    assert again.n_near == 0
    assert again.n_verdicts


# Racing over folds


def test_a_trial_races_against_the_best_completed_one_fold_by_fold() -> None:
    study = a_study(policy=RACE)
    train_folds(an_attempt(study), 1.5)
    train_folds(an_attempt(study), 1.0)

    decision = train_folds(an_attempt(study), 2.0)

    assert (decision.action, decision.code, decision.motive) == (Action.STOP, "outraced", "speed")
    row = verdicts(study, 2)[0]
    assert (row.evidence["rival"], row.evidence["pairs"], row.evidence["worse_on"]) == (1, FOLDS, FOLDS)
    assert row.evidence["measured"] == {"instances": dict.fromkeys(map(str, range(FOLDS)), 2)}
    assert [first.verdict for first in verdicts(study, 0)] == ["ABSTAIN"] * 3
    assert_it_holds(study)


def test_a_point_of_the_rival_breaks_exactly_the_verdicts_that_met_it() -> None:
    study = a_study(policy=RACE)
    for floor in (1.0, 0.99, 1.02, 3.0):
        train_folds(an_attempt(study), floor)
    assert_it_holds(study)
    met = [row.sequence for number in (2, 3) for row in verdicts(study, number) if row.step == 2]
    rival = Trial.objects.get(study=study, number=1)
    chunk = SeriesChunk.objects.get(trial=rival, metric="val_loss", labels='{"fold":"3"}')
    values = bytearray(chunk.values)
    values[8:16] = bytes(8)  # its value at step 2: zero

    SeriesChunk.objects.filter(pk=chunk.pk).update(values=bytes(values))

    judged = {row.sequence for row in events(study) if row.evidence.get("rival") == 1}
    differing = {difference.sequence for difference in replay(study).differences}
    assert set(met) <= differing <= judged | {row.sequence for row in verdicts(study, 1)}
    assert not differing & {row.sequence for row in verdicts(study, 0)}


def test_a_fold_that_is_told_late_changes_no_verdict_that_was_taken_without_it() -> None:
    study = a_study(policy=RACE)
    train_folds(an_attempt(study), 1.0)
    attempt = an_attempt(study)
    tell_folds(attempt, 2, [1.9] * 6)
    late = [Point(step=step, metrics={"val_loss": 9.0}, labels={"fold": fold}) for fold, step in (("7", 2), ("0", 1))]

    reporting.report(attempt_id=attempt.pk, batch=3, points=late, at=NOW)
    tell_folds(attempt, 4, [1.2] * 8, batch=4)

    assert [row.evidence["pairs"] for row in verdicts(study, 1)] == [6, 8]
    assert_it_holds(study)


def test_a_resumed_trial_races_with_what_its_attempt_knew() -> None:
    study = a_study(policy=RACE)
    train_folds(an_attempt(study), 1.0)
    attempt = an_attempt(study)
    for step in (1, 2, 4):
        tell_folds(attempt, step, [1.0 + 1 / step] * FOLDS)
    endings.requeue(attempt, outcome="worker_lost", sentence="Lost.", at=NOW)
    second = claim(None, queue="cpu", slot=0, device="cpu", at=NOW, claimed_by="tester", study=study)
    assert second is not None
    for step in (1, 2, 4, 8):
        tell_folds(second, step, [1.1 + 1 / step] * FOLDS)

    assert_it_holds(study)


# Resources


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A clock to be set by hand: hours since NOW."""
    hands = {"hours": 0.0}
    monkeypatch.setattr("django.utils.timezone.now", lambda: at(hands["hours"]))
    return hands


THRIFTY = {
    "looks": [2, 4, 8],
    "gates": [{"rule": "resources", "min_peers": 2, "action": "stop"}],
    "safeguards": {"min_peers": 0, "control_every": 0},
    "strategy": {"rule": "percentile", "keep": 99},
}


def train_in(attempt: Attempt, clock: dict[str, float], seconds_per_step: float) -> Decision:
    """Report and complete, each step taking so long by the clock."""
    began = clock["hours"]
    Attempt.objects.filter(pk=attempt.pk).update(started_at=at(began))
    attempt.refresh_from_db()
    for step, value in zip(STEPS, falling(1.0), strict=True):
        clock["hours"] = began + step * seconds_per_step / 3600
        decision = tell(attempt, step, value)
        if decision.action.halts:
            return decision
    endings.complete(attempt, at=at(clock["hours"]))
    return decision


def test_a_trial_far_slower_than_finished_ones_is_stopped_at_its_second_look(clock: dict[str, float]) -> None:
    study = a_study(policy=THRIFTY)
    for seconds in (10.0, 12.0, 14.0):
        train_in(an_attempt(study), clock, seconds)

    decision = train_in(an_attempt(study), clock, 60.0)

    assert (decision.action, decision.code, decision.step) == (Action.STOP, "over_budget", 4)
    row = verdicts(study, 3)[-1]
    assert row.evidence["measured"]["resources"] == {"device": "cpu", "looks": [[60.0, None], [60.0, None]]}
    assert (row.evidence["usual"], row.evidence["finished"]) == (12.0, 3)
    clock["hours"] += 1000  # what was measured then is taken from the row, not from the clock
    assert_it_holds(study)


def test_what_a_trial_used_stands_in_the_row_of_its_ending(clock: dict[str, float]) -> None:
    study = a_study(policy=THRIFTY)
    attempt = an_attempt(study)

    with gauges.watched(attempt.pk, lambda: 123_000_000):
        train_in(attempt, clock, 10.0)

    ending = events(study)[-1]
    told = {name: ending.evidence[name] for name in ("device", "seconds_per_step", "memory_bytes")}
    assert told == {"device": "cpu", "seconds_per_step": 10.0, "memory_bytes": 123_000_000}
    assert verdicts(study, 0)[-1].evidence["measured"]["resources"]["looks"][-1] == [10.0, 123_000_000]


def test_a_forged_figure_of_a_finished_trial_breaks_what_was_compared_with_it(
    clock: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = a_study(policy=THRIFTY)
    for seconds in (10.0, 12.0, 60.0):
        train_in(an_attempt(study), clock, seconds)
    stopped = verdicts(study, 2)[-1]
    assert stopped.verdict == "STOP"
    assert_it_holds(study)

    from pruning.happenings import Happenings

    monkeypatch.setattr(Happenings, "_end", lambda self, number, evidence: None)

    assert [difference.sequence for difference in replay(study).differences] == [stopped.sequence]


# Stops per hour

HALVING = {"looks": [2, 4, 8], "strategy": {"rule": "asha", "eta": 2}}


def test_the_strategy_stops_no_more_trials_than_it_may_within_an_hour(clock: dict[str, float]) -> None:
    guards = {"min_peers": 1, "control_every": 0, "stops_per_hour": 1}
    study = a_study(policy={**HALVING, "safeguards": guards})
    train(an_attempt(study), falling(0.5))
    answers = []
    for hours in (1.0, 1.5, 2.25):
        clock["hours"] = hours
        answers.append(train(an_attempt(study), falling(1.0 + hours)[:2]))

    assert [answer.action for answer in answers] == [Action.STOP, Action.PROTECT, Action.STOP]
    spared = verdicts(study, 2)[0]
    assert (spared.reason, spared.evidence["hours"], spared.evidence["stopped_lately"]) == ("quota", 1.5, 1)
    clock["hours"] = 5000.0
    assert_it_holds(study)


# Diversity


@transaction.atomic
def an_attempt_at(study: Study, x: float) -> Attempt:
    """Add and claim one trial at this place of the one-dimensional space."""
    locked = head.lock(study.pk)
    new_trial(locked, {"x": x}, at=NOW, origin=Trial.Origin.SAMPLER, suggestion=locked.next_suggestion)
    attempt = claim(None, queue="cpu", slot=0, device="cpu", at=NOW, claimed_by="tester", study=study)
    assert attempt is not None
    return attempt


def a_varied_study() -> Study:
    """Return a study whose fifth trial is just outside the quota: far from all others in the space."""
    guards = {"min_peers": 3, "control_every": 0, "diversity": 0.3}
    study = a_study(policy={**HALVING, "safeguards": guards})
    for x, floor in ((0.1, 1.0), (0.2, 1.1), (0.15, 1.2), (0.05, 1.3), (0.9, 1.15), (0.12, 1.16)):
        train(an_attempt_at(study, x), falling(floor)[:2])
    return study


def test_a_trial_unlike_all_that_go_on_is_spared_at_the_cut() -> None:
    study = a_varied_study()

    row = verdicts(study, 4)[0]
    assert (row.verdict, row.reason, row.evidence["nearest_trial"]) == ("PROTECT", "diversity", 1)
    assert row.evidence["nearest"] == pytest.approx(0.7)
    assert verdicts(study, 5)[0].verdict != "PROTECT"
    assert_it_holds(study)


def test_another_place_in_the_space_breaks_exactly_the_verdict_that_asked_for_it() -> None:
    study = a_varied_study()
    spared = verdicts(study, 4)[0].sequence

    Trial.objects.filter(study=study, number=4).update(params={"x": 0.2})

    assert [difference.sequence for difference in replay(study).differences] == [spared]


# Uncertainty


def test_a_trial_within_the_noise_of_its_folds_is_spared() -> None:
    guards = {"min_peers": 1, "control_every": 0, "confidence": 2.0, "label": "fold"}
    study = a_study(policy={**HALVING, "safeguards": guards})
    train_folds(an_attempt(study), 1.0)
    train_folds(an_attempt(study), 1.01)
    train_folds(an_attempt(study), 2.0)

    assert {row.reason for row in verdicts(study, 1)} == {"uncertain"}
    assert verdicts(study, 2)[0].verdict == "STOP"
    assert_it_holds(study)


# Plans and cost


def test_a_label_that_the_trainable_does_not_tell_is_refused_by_path() -> None:
    trees = TrainableSpec(name="boosted_trees")

    good = a_plan(policy={**RACE, "looks": [2, 4]}, trainable=trees)
    bad = a_plan(policy={"strategy": {"rule": "racing", "label": "seed"}}, trainable=trees)

    assert list(reviewer().check_plan(good)) == []
    assert [problem.path for problem in reviewer().check_plan(bad)] == ["policy.strategy.label"]


def queries_of_a_verdict(study: Study, queries: Any) -> int:
    """Return how many queries the verdict at step 2 of one more trial takes."""
    attempt = an_attempt(study)
    tell(attempt, 1, 2.0)
    with queries as found:
        tell(attempt, 2, 1.5)
    return len(found)


def test_a_policy_that_asks_for_nothing_pays_nothing(django_assert_max_num_queries: Any) -> None:
    plain = a_study(policy={**HALVING, "safeguards": {"control_every": 0}})
    asking = a_study(name="asking", policy={**HALVING, "safeguards": {"control_every": 0, "stops_per_hour": 5}})
    for study in (plain, asking):
        train(an_attempt(study), falling(1.0))

    few = queries_of_a_verdict(plain, django_assert_max_num_queries(100))

    assert queries_of_a_verdict(asking, django_assert_max_num_queries(100)) == few


# Pages


def test_every_verdict_of_a_race_opens_on_the_audit_page(client: Any, django_user_model: Any) -> None:
    study = a_study(policy={**RACE, "gates": [{"rule": "resources", "max_seconds_per_step": 1e-9, "reports": 1}]})
    for floor in (1.0, 2.0):
        train_folds(an_attempt(study), floor)
    client.force_login(django_user_model.objects.create_superuser("robin"))
    spoken = {row.verdict: row for row in events(study) if row.kind == "verdict"}

    assert spoken.keys() >= {"WARN", "STOP"}
    for row in spoken.values():
        page = client.get(reverse("pruning:event", args=[study.pk, row.sequence])).content.decode()
        assert row.sentence.partition(": ")[2][:40] in page
