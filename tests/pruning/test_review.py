"""What a trial is told, and what the ledger then says."""

import math

import pytest

from pruning.memory import course_at
from pruning.replay import replay
from tests.pruning.studies import (
    POLICY,
    a_plan,
    a_played_study,
    a_study,
    an_attempt,
    events,
    falling,
    last_event,
    tell,
    train,
)
from trials import endings
from trials.models import Observation, Study, Trial
from trials.seam import Action, reviewer
from trials.studies import amend

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]


FLOORS = [1.0, 1.2, 1.4, 1.6]


def test_every_sequence_number_has_its_row() -> None:
    study = a_played_study([1.0, 1.5, 0.5, 2.0, 3.0, 0.4, 2.5])

    assert [event.sequence for event in events(study)] == list(range(1, study.sequence + 1))


def test_the_first_row_registers_plan_and_policy() -> None:
    first = events(a_study())[0]

    assert (first.kind, first.sequence) == ("launched", 1)
    assert first.evidence["looks"] == [2, 4, 8]
    assert first.evidence["policy"]["strategy"]["eta"] == 2.0
    assert first.sentence.startswith("The study a study was registered. Policy custom, version 1: ")


def test_a_trial_with_few_peers_goes_on_and_that_is_recorded() -> None:
    study = a_study()

    decision = train(an_attempt(study), falling(1.0)[:2])

    assert decision.action is Action.ABSTAIN
    row = last_event(study)
    assert (row.verdict, row.reason, row.step) == ("ABSTAIN", "few_peers", 2)
    assert row.sentence == "No verdict at step 2: only 0 of 3 peers have reached it."


def test_a_trial_outside_the_quota_is_stopped_with_its_numbers() -> None:
    study = a_played_study(FLOORS)

    decision = train(an_attempt(study, suggestion=None), falling(3.0))

    assert decision.action is Action.STOP
    row = last_event(study)
    assert (row.verdict, row.rule, row.reason, row.motive) == ("STOP", "asha", "outpaced", "speed")
    assert row.evidence["rank"] == 5
    assert row.evidence["quota"] == 2
    assert row.evidence["cut_trial"] == 1
    assert decision.sentence == row.sentence
    trial = Trial.objects.get(study=study, number=4)
    assert (trial.state, trial.ending_code, trial.ending_step) == ("PRUNED", "outpaced", 2)


def test_the_verdict_is_the_ending_and_writes_one_row() -> None:
    study = a_played_study(FLOORS)
    before = study.sequence

    train(an_attempt(study, suggestion=None), falling(3.0))

    assert last_event(study).sequence == before + 1


def test_a_finished_trial_has_a_row_of_its_ending() -> None:
    row = last_event(a_played_study([1.0]))

    assert (row.kind, row.reason, row.step) == ("ended", "finished", 16)
    assert row.evidence["state"] == "COMPLETE"


def test_a_control_trial_is_spared_and_trains_to_its_end() -> None:
    study = a_study()
    seen = {}
    for number in range(10):
        attempt = an_attempt(study)
        seen[number] = train(attempt, falling(1.0 + number))

    spared = {event.trial_number or 0 for event in events(study) if event.reason == "control"}
    drawn = {
        event.trial_number or 0
        for event in events(study)
        if event.verdict == "PROTECT" and event.evidence["draw"]["place"] == event.evidence["draw"]["suggestion"] % 5
    }
    assert spared
    assert spared == drawn
    assert set(study.trials.filter(number__in=spared).values_list("state", flat=True)) == {"COMPLETE"}


def test_a_gate_stops_between_decision_points() -> None:
    study = a_study()
    attempt = an_attempt(study)
    train(attempt, falling(1.0)[:2])

    decision = tell(attempt, 3, math.nan)

    row = last_event(study)
    assert decision.action is Action.STOP
    assert (row.rule, row.reason, row.motive, row.step) == ("divergence", "diverged", "risk", 3)
    assert row.sentence == "Stopped at step 3: val_loss is not a number."


def test_a_report_that_nothing_is_said_about_leaves_no_row() -> None:
    study = a_study()

    train(an_attempt(study), falling(1.0)[:1])

    assert len(events(study)) == 1


def test_a_trial_stopped_below_counts_as_worse_above() -> None:
    study = a_played_study(FLOORS)
    train(an_attempt(study, suggestion=None), falling(3.0))

    population = course_at(Study.objects.get(pk=study.pk), seen=1000, said=1000).population

    assert (population.rung(2).eliminated, population.rung(4).eliminated) == (0, 1 + stopped(study, before=4))


def stopped(study: Study, *, before: int) -> int:
    return study.trials.filter(state="PRUNED", ending_step__lt=before).exclude(number=4).count()


def test_a_trial_lost_to_a_crash_is_not_counted_as_worse() -> None:
    study = a_played_study(FLOORS)
    attempt = an_attempt(study, suggestion=None)
    tell(attempt, 1, 3.0)
    endings.fail(attempt, code="error", sentence="It raised.", at=attempt.started_at)

    population = course_at(Study.objects.get(pk=study.pk), seen=1000, said=1000).population

    assert population.rung(16).eliminated == stopped(study, before=16)
    assert last_event(study).reason == "error"


def test_a_pinned_trial_is_spared() -> None:
    study = a_played_study(FLOORS)
    attempt = an_attempt(study, suggestion=None, pinned=True)

    train(attempt, falling(3.0))

    reasons = [event.reason for event in events(study) if event.trial_number == 4]
    assert reasons == ["pinned", "pinned", "pinned", "finished"]


def test_a_persons_action_is_a_row() -> None:
    study = a_study()
    attempt = an_attempt(study)

    endings.stop_by_person(attempt.trial, person="robin", note="enough", at=attempt.started_at)

    row = last_event(study)
    assert (row.kind, row.reason, row.sentence) == ("intervened", "stop", "robin asked to stop trial 0: enough")


def test_shadow_verdicts_are_recorded_and_stop_nothing() -> None:
    study = a_played_study(FLOORS, policy={**POLICY, "shadow": True})

    decision = train(an_attempt(study, suggestion=None), falling(3.0))

    assert decision.action is Action.KEEP
    rows = [event for event in events(study) if event.trial_number == 4 and event.verdict == "STOP"]
    assert all(event.shadow for event in rows)
    assert rows[0].sentence.startswith("Would have been stopped at step 2: ")
    assert Trial.objects.get(study=study, number=4).state == "COMPLETE"


def test_an_amended_policy_judges_from_its_sequence_on() -> None:
    study = a_played_study(FLOORS)
    kinder = {**POLICY, "safeguards": {"min_peers": 50, "control_every": 5}}
    amend(study, a_plan(policy=kinder), reason="Stop fewer.", user=None, at=study.created_at)

    decision = train(an_attempt(study, suggestion=None), falling(3.0)[:2])

    assert decision.action is Action.ABSTAIN
    assert [event.kind for event in events(study)].count("amended") == 1


def test_patience_counts_the_bad_looks_in_the_ledger() -> None:
    patient = {**POLICY, "safeguards": {"min_peers": 3, "control_every": 0, "patience": 2}}
    study = a_played_study(FLOORS, policy=patient)

    train(an_attempt(study, suggestion=None), falling(3.0))

    verdicts = [(event.step, event.verdict, event.reason) for event in events(study) if event.trial_number == 4]
    assert verdicts == [(2, "PROTECT", "patience"), (4, "STOP", "outpaced")]


def test_a_bad_policy_is_refused_by_path() -> None:
    plan = a_plan(policy={"looks": [2, 99], "strategy": {"rule": "asha"}, "gates": [{"rule": "nope"}]})

    assert [problem.path for problem in reviewer().check_plan(plan)] == ["policy.gates[0].rule"]
    late = a_plan(policy={"looks": [2, 99], "strategy": {"rule": "asha"}})
    assert [problem.path for problem in reviewer().check_plan(late)] == ["policy.looks[1]"]


def test_the_same_policy_keeps_its_version_and_another_gets_the_next() -> None:
    a_study()
    a_study(name="second")
    a_study(name="third", policy={**POLICY, "looks": [2, 4]})

    assert reviewer().describe(a_plan())["version"] == 1
    assert reviewer().describe(a_plan(policy={**POLICY, "looks": [2, 4]}))["version"] == 2


def test_observations_and_verdicts_share_their_numbers() -> None:
    study = a_played_study(FLOORS)

    observed = set(Observation.objects.filter(study=study).values_list("sequence", flat=True))
    judged = {event.sequence for event in events(study) if event.kind == "verdict" and event.step in {2, 4, 8}}
    assert observed == judged


def test_a_plateau_finishes_a_trial_and_its_best_value_stands_above() -> None:
    gates = [{"rule": "plateau", "reports": 3, "share": 0.0}]
    mild = {"gates": gates, "strategy": {"rule": "asha", "eta": 1.2}, "safeguards": {"min_peers": 3}}
    study = a_played_study([1.0, 1.2, 1.4, 1.6], policy={**POLICY, **mild})

    decision = train(an_attempt(study, suggestion=None), [1.25] * 4)

    row = last_event(study)
    assert (decision.action, row.verdict, row.rule, row.reason) == (Action.FINISH, "FINISH", "plateau", "plateaued")
    trial = Trial.objects.get(study=study, number=4)
    assert (trial.state, trial.value, trial.ending_code) == ("COMPLETE", 1.25, "plateaued")
    course = course_at(Study.objects.get(pk=study.pk), seen=1000, said=1000)
    assert (1.25, 4) in course.population.rung(16).values()
    assert replay(study).holds
