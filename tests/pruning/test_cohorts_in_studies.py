"""Studies that really report, under strategies whose trials wait for each other, in brackets and put together."""

import random
from itertools import pairwise

import pytest

from pruning.replay import replay
from pruning.verify import verify
from tests.pruning.studies import a_study, an_attempt, events, falling, tell, train
from tests.pruning.test_anything_happens import Chaos, assert_no_rung_is_decided_twice
from tests.pruning.test_resuming import go_on, quiet  # noqa: F401 - the fixture is asked for by name
from trials import endings
from trials.models import Observation, Study, Trial
from trials.plan import Budget
from trials.running.advancing import advance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging", "quiet")]

HALVING = {"rule": "halving", "eta": 2, "cohort": 4}
STRATEGIES = {
    "halving": HALVING,
    "hyperband": {"rule": "hyperband", "eta": 2, "action": "pause"},
    "one_shot": {"rule": "one_shot", "keep_top": 2, "action": "pause"},
    "vote": {
        "rule": "vote",
        "needed": 2,
        "of": [
            {"rule": "asha", "eta": 2, "action": "pause"},
            {"rule": "asha", "eta": 3, "action": "pause"},
            {"rule": "percentile", "keep": 80},
        ],
    },
    "sequence": {
        "rule": "sequence",
        "of": [
            {"rule": "percentile", "keep": 90, "until_members": 3},
            HALVING | {"until_step": 4},
            {
                "rule": "calibrated_halving",
                "action": "pause",
                "by": "value",
                "risk": 0.5,
                "min_members": 3,
                "wait": 3,
                "min_keep": 1,
                "min_pairs": 0,
                "min_pairs_jump": 0,
            },
        ],
    },
}


def policy(name: str, **more: object) -> dict[str, object]:
    return {
        "looks": [2, 4, 8],
        "gates": [{"rule": "divergence"}],
        "strategy": STRATEGIES[name],
        "safeguards": {"min_peers": 1, "control_every": 0, "top_k": 0},
        **more,
    }


def played(name: str, n: int = 12, **more: object) -> Study:
    """Play a study with one slot, one new trial after the other, until nothing may go on."""
    study = a_study(policy=policy(name, **more), budget=Budget(trials=n))
    dice = random.Random(4)
    floors = {number: dice.uniform(0.5, 3.0) for number in range(n)}
    for number in range(n):
        train(an_attempt(study), falling(floors[number]))
        advance(study, at=study.created_at)
        go_on(study, floors)
    study.refresh_from_db()
    return study


def verdicts(study: Study, number: int) -> list[tuple[str, int | None]]:
    return [(row.verdict, row.step) for row in events(study) if row.trial_number == number and row.kind == "verdict"]


def assert_verifies_and_replays(study: Study) -> None:
    found, again = verify(study.uid), replay(study)
    assert found.holds, found.sentence()
    assert again.holds, again.sentence()
    assert again.n_near == 0


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_a_study_ends_with_every_trial_ended_and_a_ledger_that_replays(name: str) -> None:
    study = played(name)

    assert study.state == "ENDED"
    assert study.n_complete >= 1
    assert study.n_complete + study.n_pruned == 12
    assert {row.verdict for row in events(study)} >= {"PAUSE", "RESUME"} or name == "hyperband"
    assert_verifies_and_replays(study)


def test_whoever_stays_paused_ends_pruned_with_the_motive_of_its_pause() -> None:
    study = played("halving")

    pruned = study.trials.filter(state=Trial.State.PRUNED)
    assert pruned.count() == 9  # of every cohort of four, one comes to its end
    assert set(pruned.values_list("ending_code", "ending_motive")) == {("outpaced", "speed")}


def test_a_cohort_goes_on_only_when_it_is_whole() -> None:
    study = a_study(policy=policy("halving"), budget=Budget(trials=8))
    for floor in (1.0, 2.0, 3.0):
        train(an_attempt(study), falling(floor))
        advance(study, at=study.created_at)
    assert "RESUME" not in [row.verdict for row in events(study)]

    last = an_attempt(study)
    advance(study, at=study.created_at)
    assert "RESUME" not in [row.verdict for row in events(study)]  # the fourth has begun and is awaited

    train(last, falling(4.0))
    advance(study, at=study.created_at)
    resumed = [row.trial_number for row in events(study) if row.verdict == "RESUME"]
    assert resumed == [0, 1]
    assert_verifies_and_replays(study)


@pytest.mark.parametrize("how", ["fails", "is stopped", "is stopped while paused", "diverges"])
def test_a_member_that_is_lost_holds_nobody_up(how: str) -> None:
    study = a_study(policy=policy("halving"), budget=Budget(trials=8))
    lost = an_attempt(study)
    if how == "fails":
        endings.fail(lost, code="error", sentence="It raised.", at=study.created_at)
    elif how == "diverges":
        tell(lost, 1, float("nan"))
    else:
        if how == "is stopped while paused":
            train(lost, falling(0.5))
        trial = Trial.objects.get(pk=lost.trial_id)
        endings.stop_by_person(trial, person="robin", note="", at=study.created_at)
        if how == "is stopped":
            lost.trial.refresh_from_db()
            endings.halt(lost, at=study.created_at)
    for floor in (1.0, 2.0, 3.0):
        train(an_attempt(study), falling(floor))
        advance(study, at=study.created_at)

    resumed = [row for row in events(study) if row.verdict == "RESUME"]
    assert resumed[0].trial_number == 1
    assert resumed[0].evidence["awaited"] == []
    assert_verifies_and_replays(study)


def test_a_trial_that_continues_another_takes_its_place_and_leaves_no_gap() -> None:
    study = a_study(policy=policy("halving"), budget=Budget(trials=8))
    first = an_attempt(study)
    endings.fail(first, code="error", sentence="It raised.", at=study.created_at)
    for floor in (1.0, 2.0):
        train(an_attempt(study), falling(floor))
    again = an_attempt(study, origin=Trial.Origin.CONTINUED, suggestion=None, continues=first.trial)  # number 3
    advance(study, at=study.created_at)
    assert "RESUME" not in [row.verdict for row in events(study)]  # it is on its way, as trial 0

    train(again, falling(3.0))
    advance(study, at=study.created_at)

    resumed = [row for row in events(study) if row.verdict == "RESUME"]
    assert [(row.trial_number, row.evidence["population"]) for row in resumed] == [(1, 3)]
    assert_verifies_and_replays(study)


def test_no_new_trial_opens_the_last_cohort_short() -> None:
    study = played("halving", n=6)

    last = [row for row in events(study) if row.verdict == "RESUME" and row.trial_number in {4, 5}]
    assert last
    assert last[0].evidence["is_closing"] is True
    assert study.state == "ENDED"
    assert study.n_complete == 2


def test_after_a_pause_only_a_resume_follows_at_that_rung() -> None:
    study = played("halving")

    for number in range(12):
        for earlier, later in pairwise(verdicts(study, number)):
            if earlier[0] == "PAUSE":
                assert later == ("RESUME", earlier[1])


def test_in_shadow_a_study_waits_for_nobody() -> None:
    study = played("halving", shadow=True)

    assert study.n_complete == 12
    assert {row.verdict for row in events(study) if row.shadow} >= {"PAUSE"}
    assert_verifies_and_replays(study)


def test_a_changed_observation_is_noticed_by_the_verdicts_of_its_cohort() -> None:
    study = played("halving")
    seen = Observation.objects.get(study=study, trial__number=1, step=2)
    Observation.objects.filter(pk=seen.pk).update(value=99.0)

    again = replay(study)

    # Who goes on next is a choice among all that are paused; a judgement is made within the cohort.
    chosen = {row.sequence for row in events(study) if row.verdict == "RESUME"}
    assert not again.holds
    judged = {found.trial for found in again.differences if found.sequence not in chosen}
    assert judged
    assert judged <= {1, 2, 3}


@pytest.mark.parametrize("name", sorted(STRATEGIES))
@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_happens_the_ledger_verifies_and_replays(
    name: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = a_study(policy=policy(name, safeguards={"min_peers": 2, "control_every": 4}))
    chaos = Chaos(study, random.Random(seed), monkeypatch)

    for _ in range(120):
        chaos.happen()
    study.refresh_from_db()

    assert_verifies_and_replays(study)
    assert_no_rung_is_decided_twice(events(study))
