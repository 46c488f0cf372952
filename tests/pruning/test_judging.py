"""Was it right? Read from the ledger and the trials of studies that really ran."""

from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pruning import judging
from pruning.hearing import Heard
from pruning.intervals import clopper_pearson
from pruning.judgement.best_k import Judgement
from pruning.judgement.shadow import State, fate
from pruning.replay import replay
from pruning.verify import verify
from tests.pruning.studies import a_played_study, a_study, an_attempt, events, falling, tell, train
from tests.pruning.test_resuming import go_on
from trials import closing, endings
from trials.models import Observation, Study, Trial
from trials.plan import Budget, Objective
from trials.running.advancing import advance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging", "quiet")]

EVERY_SECOND = {
    "looks": [2, 4, 8],
    "gates": [{"rule": "divergence"}],
    "strategy": {"rule": "asha", "eta": 2},
    "safeguards": {"min_peers": 2, "control_every": 2, "best_k": 2},
}


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ring no worker: these tests claim by hand."""
    monkeypatch.setattr("trials.running.doorbell.ring_all", lambda times=1: None)
    monkeypatch.setattr("trials.running.doorbell.ask_for_suggestions", lambda study_id: None)


def rising(n: int = 12) -> list[float]:
    """Return floors each worse than the one before, so that the cut speaks against all later trials."""
    return [0.4 + 0.1 * place for place in range(n)]


def spared(study: Study) -> list[int]:
    """Return the members of the control arm that a rule spoke against."""
    return sorted(
        {row.trial_number or 0 for row in events(study) if (row.verdict, row.reason) == ("PROTECT", "control")}
    )


def judged(study: Study) -> judging.Judged:
    study.refresh_from_db()
    return judging.judged([study])[study.pk]


def test_spared_trials_that_ended_below_the_best_were_rightly_stopped() -> None:
    study = a_played_study(rising(), policy=EVERY_SECOND)

    found = judged(study).judgement

    assert len(spared(study)) > 2
    assert found.k == 2
    assert [one.number for one in found.judged] == spared(study)
    assert (found.best_k.hits, found.best_k.known) == (0, len(spared(study)))
    assert found.best_k.high == clopper_pearson(0, len(spared(study)))[1]


def test_a_spared_trial_that_ended_among_the_best_k_was_wrongly_stopped() -> None:
    study = a_played_study(rising(), policy=EVERY_SECOND)
    lucky = spared(study)[-1]
    Trial.objects.filter(study=study, number=lucky).update(value=0.01)

    found = judged(study)

    assert found.judgement.wrong == (lucky,)
    assert found.judgement.winner.hits == 1
    assert found.judgement.gain == pytest.approx(min(0.4 + 2 * pow(2.718281828459045, -0.3 * 16), 9) - 0.01)
    assert found.leaders[0] == (0.01, lucky)


def test_members_that_did_not_reach_the_end_are_unknown() -> None:
    study = a_played_study(rising(), policy=EVERY_SECOND)
    failed, stopped = spared(study)[:2]
    Trial.objects.filter(study=study, number=failed).update(state="FAILED", ending_code="error", value=None)
    Trial.objects.filter(study=study, number=stopped).update(
        state="PRUNED", ending_code="stopped_by_user", ending_motive=""
    )

    found = judged(study).judgement

    assert found.unknown == (failed, stopped)
    assert found.best_k.low == 0.0
    assert found.best_k.high == clopper_pearson(2, len(spared(study)))[1]


def test_a_member_whose_objective_was_no_number_ended_last() -> None:
    study = a_played_study(rising(8), policy=EVERY_SECOND)
    while True:
        attempt = an_attempt(study)
        train(attempt, [2.4, 9.0])
        if attempt.trial.number in spared(study):
            break
        endings.fail(attempt, code="error", sentence="not a member", at=study.created_at)
    tell(attempt, 4, float("nan"))

    member = next(one for one in judged(study).judgement.judged if one.number == attempt.trial.number)

    assert member.key == float("inf")


def test_fewer_than_k_complete_trials_are_no_evidence() -> None:
    study = a_played_study(
        rising(), policy={**EVERY_SECOND, "safeguards": {"min_peers": 2, "control_every": 2, "best_k": 50}}
    )

    found = judged(study).judgement

    assert found.best_k.known == 0
    assert found.unknown == tuple(spared(study))


def test_a_maximised_metric_is_judged_the_other_way_round() -> None:
    objectives = (Objective(metric="val_loss", direction="maximize"),)
    study = a_study(policy=EVERY_SECOND, objectives=objectives)
    for floor in rising():
        train(an_attempt(study), [-value for value in falling(floor)])
    lucky = spared(study)[-1]
    Trial.objects.filter(study=study, number=lucky).update(value=5.0)

    assert judged(study).judgement.wrong == (lucky,)


def test_what_was_read_once_is_not_read_again() -> None:
    study = a_played_study(rising(8), policy=EVERY_SECOND)
    before = judged(study).judgement.met

    for floor in rising(14)[8:]:
        train(an_attempt(study), falling(floor))

    assert judged(study).judgement.met > before
    assert [one.number for one in judged(study).judgement.judged] == spared(study)


def test_the_number_of_queries_does_not_grow_with_trials_or_studies() -> None:
    small = a_played_study(rising(6), policy=EVERY_SECOND)
    large = a_played_study(rising(16), policy=EVERY_SECOND, name="a larger one")

    def queries(studies: list[Study]) -> int:
        judging.judged(studies)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            judging.judged(studies)
        return len(caught)

    assert queries([small]) == queries([large]) == queries([small, large])


def test_studies_of_a_project_are_pooled() -> None:
    first = a_played_study(rising(), policy=EVERY_SECOND)
    assert judging.pooled(first) is None
    second = a_played_study(rising(), policy=EVERY_SECOND, name="another")

    found = judging.pooled(first)

    assert found is not None
    assert found.studies == 2
    assert found.known == judged(first).judgement.best_k.known + judged(second).judgement.best_k.known
    assert found.high < judged(first).judgement.best_k.high


def paused_and_controlled(n: int = 16) -> Study:
    """Play a study that pauses, with one slot, every second trial in the control arm, each worse than the last.

    As trials come, half of more and more go on: whoever was paused in the middle goes on later, the last do not.
    """
    policy = {
        **EVERY_SECOND,
        "strategy": {"rule": "asha", "eta": 2, "action": "pause"},
        "safeguards": {"min_peers": 0, "control_every": 2, "best_k": 1},
    }
    study = a_study(policy=policy, budget=Budget(trials=n))
    floors = dict(enumerate(rising(n)))
    for number in range(n):
        train(an_attempt(study), falling(floors[number]))
        advance(study, at=study.created_at)
        go_on(study, floors)
    study.refresh_from_db()
    return study


def test_the_shadow_of_a_paused_member_goes_on_when_the_quota_lets_it_and_the_ledger_says_so() -> None:
    study = paused_and_controlled()

    would_be = [row for row in events(study) if row.verdict == "RESUME" and row.shadow]
    assert would_be
    assert all(row.trial_number in spared(study) for row in would_be)
    assert all(row.evidence["rank"] <= row.evidence["quota"] for row in would_be)
    assert all(row.sentence.startswith("Would have been resumed at step") for row in would_be)
    assert verify(study.uid).holds
    assert replay(study).holds, replay(study).sentence()


def test_only_members_still_paused_at_close_count_as_stopped() -> None:
    study = paused_and_controlled()
    judged(study)
    heard = judging._heard[study.uid].said
    fates = {number: fate(said).state for number, said in heard.items()}

    found = judged(study).judgement

    assert study.state == "ENDED"
    assert any(one.fate.by.step > 2 for one in found.judged if one.fate.by), "resumed at the first look, paused later"
    assert {one.number for one in found.judged} == {number for number, one in fates.items() if one is State.PAUSED}
    assert found.paused == ()


def test_in_a_running_study_a_paused_shadow_is_not_decided() -> None:
    study = paused_and_controlled()
    Study.objects.filter(pk=study.pk).update(state="RUNNING", ended_at=None)

    found = judged(study).judgement

    assert found.best_k.known == 0
    assert len(found.paused) == len(judged_at_close(study).judged)


def judged_at_close(study: Study) -> Judgement:
    Study.objects.filter(pk=study.pk).update(state="ENDED", ended_at=study.created_at)
    return judged(study).judgement


def test_altering_an_observation_is_found_at_the_would_be_resumption_that_saw_it() -> None:
    study = paused_and_controlled()
    row = next(row for row in events(study) if row.verdict == "RESUME" and row.shadow)
    seen = Observation.objects.filter(study=study, trial__number=row.trial_number or 0, step=row.step or 0)
    assert seen.update(value=99.0, best=99.0) == 1

    assert row.sequence in {one.sequence for one in replay(study).differences}


def test_a_study_without_a_control_arm_says_nothing() -> None:
    study = a_played_study(rising(), policy={**EVERY_SECOND, "safeguards": {"min_peers": 2, "control_every": 0}})
    closing.stop_study(study, person="mk", note="", at=study.created_at)

    assert judged(study).judgement.met == 0
    assert judged(study).judgement.best_k.high == 1.0


def test_a_judgement_weighs_only_what_is_new() -> None:
    def weighed_after_one_more(n: int) -> tuple[int, int]:
        study = a_played_study(rising(n), policy=EVERY_SECOND, name=f"{n} trials")
        known = judged(study).judgement.met
        while len(spared(study)) == known:
            train(an_attempt(study), falling(3.0))
        with (
            patch.object(Heard, "take_in", autospec=True, side_effect=Heard.take_in) as words,
            patch.object(Heard, "end", autospec=True, side_effect=Heard.end) as ends,
        ):
            assert judged(study).judgement.met == known + 1
        return words.call_count, ends.call_count

    assert weighed_after_one_more(8) == weighed_after_one_more(24)


def test_an_answer_is_kept_until_its_study_moves_on(django_assert_num_queries: Any) -> None:
    study = a_played_study(rising(), policy=EVERY_SECOND)
    before = judged(study)

    with django_assert_num_queries(0):
        assert judging.judged([study])[study.pk] is before


def test_where_would_be_stopped_trials_fill_the_front_the_search_goes_on_behind_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judging, "AHEAD", -3)
    study = a_played_study(rising(), policy=EVERY_SECOND)
    for place, number in enumerate(spared(study)):
        Trial.objects.filter(study=study, number=number).update(value=0.001 * (1 + place))

    found = judged(study).judgement

    assert len(found.best) == found.k == 2
    assert found.wrong == tuple(spared(study))


@pytest.mark.parametrize(("n", "drawn"), [(5, 5), (120, 120), (121, 120), (4000, 120)])
def test_of_many_spared_trials_the_best_and_an_even_share_of_the_others_are_drawn(n: int, drawn: int) -> None:
    few = judging.few_of(range(n))

    assert (len(few), len(set(few))) == (drawn, drawn)
    assert list(few[:5]) == [0, 1, 2, 3, 4]
    assert list(few) == sorted(few)
    assert n - few[-1] <= 1 + n // 60
