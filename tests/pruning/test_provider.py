"""What the ledger tells the pages of the tracker."""

from datetime import timedelta

import pytest

from pruning.provider import LedgerProvider
from tests import factories
from tests.factories import NOW
from trials import endings
from trials.models import Study, Trial

pytestmark = pytest.mark.django_db


def a_study_with_controls(floors: list[float], name: str = "a study") -> tuple[Study, frozenset[int]]:
    """Play a study in which every second suggestion is in the control arm."""
    policy = {**factories.POLICY, "safeguards": {"min_peers": 2, "control_every": 2, "best_k": 2}}
    study = factories.a_study(policy=policy, defaults=None, name=name)
    for place, floor in enumerate(floors):
        factories.train(factories.an_attempt(study, at=NOW), floor, at=NOW + timedelta(minutes=place))
    study.refresh_from_db()
    return study, LedgerProvider().spared_numbers(study)


def test_spared_trials_are_judged_against_all_the_others() -> None:
    study, spared = a_study_with_controls([0.4, 0.42, 0.44, 0.46, 0.48, 0.9, 0.91, 0.92, 0.93, 0.94])
    winner = min(spared)
    Trial.objects.filter(study=study, number=winner).update(value=0.01)

    arm = LedgerProvider().control_arms([study])[study.pk]

    assert spared
    assert (arm.met, arm.judged, arm.k) == (len(spared), len(spared), 2)
    assert (arm.wrong, arm.beat) == (1, 1)
    assert arm.gain is not None
    assert 0 < arm.low < 1 / len(spared) <= arm.high <= 1
    assert dict(arm.spared)[winner] == 0.01
    assert {number for number, _ in arm.spared} == spared


def test_a_spared_trial_that_a_person_stopped_says_nothing() -> None:
    study, spared = a_study_with_controls([0.4, 0.42, 0.44, 0.46, 0.48, 0.9, 0.91, 0.92])
    ended = Trial.objects.filter(study=study, number__in=spared)
    ended.update(state="PRUNED", ending_code="stopped_by_user", ending_motive="")

    arm = LedgerProvider().control_arms([study])[study.pk]

    assert (arm.met, arm.judged, arm.unknown) == (len(spared), 0, len(spared))
    assert (arm.low, arm.high) == (0.0, 1.0)


def test_the_arms_of_a_project_are_pooled() -> None:
    floors = [0.4, 0.42, 0.44, 0.46, 0.48, 0.9, 0.91, 0.92, 0.93, 0.94]
    first, _ = a_study_with_controls(floors)
    assert LedgerProvider().pooled_arm(first) is None
    a_study_with_controls(floors, name="another")

    pooled = LedgerProvider().pooled_arm(first)

    assert pooled is not None
    assert (pooled.studies, pooled.wrong) == (2, 0)
    assert pooled.low < pooled.mean < pooled.high


def test_the_newest_verdict_of_each_trial_is_found() -> None:
    study, _ = a_study_with_controls([0.4, 0.42, 0.44, 0.9])

    rulings = LedgerProvider().last_rulings(study, [0, 3, 99])

    assert set(rulings) <= {0, 3}
    for number, ruling in rulings.items():
        every = LedgerProvider().rulings(study.trials.get(number=number))
        assert ruling == [one for one in every if one.rank is not None][-1]


def test_the_cuts_are_those_of_the_newest_verdicts() -> None:
    study, _ = a_study_with_controls([0.4, 0.42, 0.44, 0.9, 0.91])

    cuts = LedgerProvider().cuts(study)

    assert [cut.step for cut in cuts] == sorted({cut.step for cut in cuts})
    assert all(cut.n > 0 for cut in cuts)
    assert cuts


def test_it_says_what_the_first_verdict_waits_for() -> None:
    study = factories.a_study()
    attempt = factories.an_attempt(study)
    factories.tell(attempt, 1, (1, 0.9), (4, 0.8))

    assert LedgerProvider().waiting_for(study) == (
        "The first look is at step 4, once 4 trials have reached it. One has."
    )


def test_a_policy_without_looks_says_so() -> None:
    study = factories.a_study(policy="off")

    assert LedgerProvider().waiting_for(study) == "This policy has no looks: only a gate may stop a trial."
    policy = LedgerProvider().policy(study)
    assert policy is not None
    assert (policy.name, policy.version) == ("off", "v1")


def test_an_interrupted_chain_shows_on_the_trial() -> None:
    study = factories.a_study()
    trial = study.trials.get(number=0)
    assert [seal.tone for seal in LedgerProvider().seals(trial)] == ["good"]

    endings.stop_by_person(trial, person="mk", note="", at=NOW)
    Study.objects.filter(pk=study.pk).update(sequence=99)

    assert [seal.text for seal in LedgerProvider().seals(trial)] == ["Chain breaks at its end"]
