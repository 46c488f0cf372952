import math
from dataclasses import replace

import pytest

from pruning.population import Population
from pruning.rules.base import Curve, Facts, Kind, SettingError, Stream, Verdict
from pruning.rules.halving import Halving
from pruning.rules.ranks import after_cuts
from pruning.rules.resuming import Waiting
from tests.pruning.builders import HORIZON, LOOKS

RULE = Halving(eta=3, cohort=9)
NOBODY: frozenset[int] = frozenset()


class Cohort:
    """A study told event by event, in the order in which they fall."""

    def __init__(self, rule: Halving = RULE) -> None:
        self.rule, self.population = rule, Population()
        self.waiting: dict[int, Waiting] = {}

    def arrive(self, trial: int, value: float, step: int = 2) -> Verdict:
        """Have a trial come to a decision point and be judged; who is to pause pauses."""
        key = value if math.isfinite(value) else math.inf
        self.population.observe(trial, step, value=key, best=key)
        facts = replace(self.facts(), step=step, trial=trial, curve=Curve.of([step], [value]))
        verdict = self.rule.judge(facts)
        if verdict.kind is Kind.PAUSE:
            self.population.eliminate(trial, step)
            self.waiting[trial] = Waiting(trial=trial, step=step, key=key)
        return verdict

    def resume(self, *, begun: int = 9, under_way: frozenset[int] = NOBODY, is_closing: bool = False) -> Verdict | None:
        """Have the next paused trial go on, if one may."""
        facts = replace(self.facts(), stream=Stream(begun=begun, under_way=under_way))
        verdict = self.rule.next_to_resume(facts, list(self.waiting.values()), is_closing=is_closing)
        if verdict is not None:
            number = int(str(verdict.evidence["trial"]))
            del self.waiting[number]
            self.population.restore(number)
        return verdict

    def resume_all(self, **more: object) -> list[tuple[int, int]]:
        """Have all go on that may; return (step, trial) of each."""
        found = []
        while verdict := self.resume(**more):  # type: ignore[arg-type]  # a test names arguments freely
            found.append((verdict.step, int(str(verdict.evidence["trial"]))))
        return found

    def facts(self) -> Facts:
        return Facts(
            metric="val_loss", maximize=False, step=0, horizon=HORIZON, trial=0, curve=Curve.of([], []), looks=LOOKS,
            peers=self.population,
        )  # fmt: skip


def waited(values: list[float]) -> Cohort:
    """Return a cohort of which so many have come to the first look."""
    study = Cohort()
    for trial, value in enumerate(values):
        study.arrive(trial, value)
    return study


def test_a_trial_waits_until_its_cohort_is_whole() -> None:
    verdict = Cohort().arrive(4, 1.0)

    assert (verdict.kind, verdict.reason, verdict.motive) == (Kind.PAUSE, "outpaced", "speed")
    assert verdict.sentence() == (
        "Paused at step 2: val_loss 1.0000 ranks 1 of 1 so far; the best 3 go on once all 9 of its cohort have come. "
        "Its checkpoint is kept."
    )


def test_a_trial_outside_the_quota_of_the_full_cohort_is_out_at_once() -> None:
    verdict = waited([1.0, 2.0, 3.0]).arrive(3, 4.0)

    assert verdict.evidence["waits"] is False
    assert verdict.sentence() == (
        "Paused at step 2: val_loss 4.0000 ranks 4 of 4; the best 3 go on (cut 3.0000). Its checkpoint is kept."
    )


def test_the_last_of_a_cohort_goes_on_without_pausing_if_it_is_within_the_quota() -> None:
    values = [float(value) for value in range(8)]

    assert waited(values).arrive(8, 1.5).kind is Kind.KEEP
    assert waited(values).arrive(8, 2.5).kind is Kind.PAUSE


def test_nobody_goes_on_while_a_member_is_on_its_way() -> None:
    study = waited([float(value) for value in range(8)])

    assert study.resume(under_way=frozenset({8})) is None
    assert study.resume(begun=8) is None  # the ninth has not begun


def test_the_best_of_a_whole_cohort_go_on_in_order() -> None:
    study = waited([5.0, 1.0, 4.0, 2.0, 3.0, 9.0, 8.0, 7.0, 6.0])

    assert study.resume_all() == [(2, 1), (2, 3), (2, 4)]
    assert len(study.waiting) == 6


def test_a_resumption_says_rank_quota_and_cut() -> None:
    verdict = waited([float(value) for value in range(9)]).resume(begun=20)

    assert verdict is not None
    assert verdict.reason == "rank"
    assert verdict.sentence() == "Resumed at step 2: val_loss 0 ranks 1 of 9; the best 3 go on (cut 2.0000)."
    assert (verdict.evidence["begun"], verdict.evidence["awaited"]) == (20, [])


@pytest.mark.parametrize("lost", range(9))
def test_a_member_that_was_lost_is_not_waited_for_and_counts_nowhere(lost: int) -> None:
    study = Cohort()
    for trial in set(range(9)) - {lost}:
        study.arrive(trial, float(trial))

    gone_on = study.resume_all()

    assert gone_on == [(2, trial) for trial in range(9) if trial != lost][:2]  # a third of eight


def test_a_member_that_a_gate_stopped_counts_as_worse() -> None:
    study = Cohort()
    study.population.eliminate(0, 1)
    for trial in range(1, 9):
        study.arrive(trial, float(trial))

    verdict = study.resume()

    assert verdict is not None
    assert (verdict.evidence["reached"], verdict.evidence["eliminated"], verdict.evidence["quota"]) == (8, 1, 3)


def test_a_short_cohort_opens_when_no_new_trial_comes() -> None:
    study = waited([1.0, 2.0, 3.0, 4.0])

    assert study.resume(begun=4) is None
    assert study.resume_all(begun=4, is_closing=True) == [(2, 0)]


def test_a_cohort_of_one_goes_on_at_the_end() -> None:
    assert waited([1.0]).resume_all(begun=1, is_closing=True) == [(2, 0)]


def test_cohorts_are_ranked_apart_and_the_earliest_goes_first() -> None:
    study = Cohort()
    for trial in range(18):
        study.arrive(trial, 100.0 - trial)

    # The last of each cohort, 8 and 17, went on when it came.
    assert study.resume_all(begun=18) == [(2, 7), (2, 6), (2, 16), (2, 15)]
    assert set(study.waiting) == {*range(6), *range(9, 15)}


def test_a_later_cohort_does_not_wait_for_an_earlier_one() -> None:
    study = Cohort()
    for trial in range(1, 18):
        study.arrive(trial, float(trial))

    verdict = study.resume(begun=18, under_way=frozenset({0}))

    assert verdict is not None
    assert verdict.evidence["cohort_number"] == 1
    assert verdict.evidence["awaited"] == [0]


def test_the_next_look_waits_for_those_who_went_on() -> None:
    study = waited([float(value) for value in range(9)])
    study.resume_all()
    study.arrive(0, 0.5, step=4)

    assert study.resume(under_way=frozenset({1, 2})) is None
    study.arrive(1, 0.25, step=4)
    assert study.resume_all() == [(4, 1)]  # trial 2 was lost on the way


def test_nobody_goes_on_from_a_higher_look_before_the_lower_one_is_done() -> None:
    study = waited([float(value) for value in range(9)])
    first = study.resume()
    assert first is not None
    assert study.arrive(0, 0.5, step=4).evidence["waits"] is True

    assert study.resume_all()[:2] == [(2, 1), (2, 2)]


def test_the_last_at_a_higher_look_goes_on_without_pausing() -> None:
    study = waited([float(value) for value in range(9)])
    study.resume_all()
    study.arrive(2, 3.0, step=4)
    study.arrive(1, 2.0, step=4)

    assert study.arrive(0, 1.0, step=4).kind is Kind.KEEP


def test_at_a_higher_look_nobody_passes_those_who_are_yet_to_go_on() -> None:
    study = waited([float(value) for value in range(8)])
    assert study.arrive(8, 0.5).kind is Kind.KEEP  # the quota is 8, 0 and 1; only 8 goes on so far

    assert study.arrive(8, 0.25, step=4).evidence["waits"] is True


def test_a_control_trial_stands_in_its_cohort_and_is_not_waited_for_where_it_has_been() -> None:
    study = waited([float(value) for value in range(8)])
    study.population.observe(8, 2, value=0.5, best=0.5)  # spared: it trains on

    assert study.resume_all(under_way=frozenset({8})) == [(2, 0), (2, 1)]


def test_values_that_are_not_numbers_never_go_on() -> None:
    study = waited([math.nan] * 8 + [1.0])

    assert study.resume_all() == []  # the ninth went on when it came
    assert waited([math.nan] * 9).resume_all(is_closing=True) == []


def test_who_is_still_to_come_must_be_known() -> None:
    study = waited([1.0])

    with pytest.raises(ValueError, match="the facts need the stream of trials"):
        RULE.next_to_resume(study.facts(), list(study.waiting.values()), is_closing=True)


@pytest.mark.parametrize("eta", range(2, 11))
def test_what_cuts_leave_is_exact_integer_arithmetic(eta: int) -> None:
    for cuts in range(7):
        for population in (1, eta**cuts - 1, eta**cuts, eta**cuts + 1, 999_999, 10**6):
            assert after_cuts(population, eta=float(eta), cuts=cuts) == max(1, population // eta**cuts)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"eta": 1.0}, "eta: 1.0 is not above 1"),
        ({"eta": math.nan}, "eta: nan is not above 1"),
        ({"cohort": 1}, "cohort: 1 is below 2"),
        ({"by": "mean"}, "by: 'mean' is not one of value, best"),
    ],
)
def test_a_wrong_setting_is_refused_with_the_remedy(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        Halving(**wrong)  # type: ignore[arg-type]  # wrong on purpose

    assert str(caught.value).startswith(message)
