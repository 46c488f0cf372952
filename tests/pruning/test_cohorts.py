"""Studies whose trials wait for each other, brackets and compositions, played to their ends by the simulator."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from pruning.looks import Geometric
from pruning.policy import Policy
from pruning.rules.asha import Asha
from pruning.rules.base import Kind, Rule
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.rules.composition import Member
from pruning.rules.divergence import Divergence
from pruning.rules.halving import Halving
from pruning.rules.hyperband import Brackets, Hyperband
from pruning.rules.one_shot import OneShot
from pruning.rules.percentile import Percentile
from pruning.rules.sequence import Sequence
from pruning.rules.vote import Vote
from pruning.safeguards import Safeguards
from pruning.simulate import Ended, Pool, Run, simulate
from tests.pruning.negative_controls import pool

REPORTS, LOOKS = 8, (1, 2, 4)


def trials(n: int, seed: int = 0, *, diverging: float = 0.0) -> Pool:
    """Return curves that never cross; a share of them cease to be numbers at some report."""
    dice = np.random.default_rng(seed)
    values = 3 * np.arange(1, REPORTS + 1) ** -0.5 + dice.permutation(n)[:, None] / n
    for row in np.flatnonzero(dice.random(n) < diverging):
        values[row, dice.integers(REPORTS) :] = math.nan
    return pool(values)


def played(strategy: Rule, study: Pool, *, workers: int = 4, control_every: int = 0, **safeguards: int) -> Run:
    policy = Policy(
        looks=LOOKS,
        gates=(Divergence(grace=REPORTS),),
        strategy=strategy,
        safeguards=Safeguards(control_every=control_every, **safeguards),  # type: ignore[arg-type]  # counts, by name
    )
    return simulate(study, policy, workers=workers)


def kinds(run: Run) -> Counter[Kind]:
    return Counter(judged.verdict.kind for judged in run.verdicts)


def assert_whole(run: Run) -> None:
    """Fail if a trial is unaccounted for, or one that was paused went on without a RESUME of that look."""
    assert {fate.ended for fate in run.fates} <= {Ended.COMPLETE, Ended.PRUNED, Ended.PAUSED}
    last: dict[int, tuple[Kind, int]] = {}
    for judged in run.verdicts:
        kind, step = judged.verdict.kind, judged.verdict.step
        if judged.trial in last and last[judged.trial][0] is Kind.PAUSE:
            assert (kind, step) == (Kind.RESUME, last[judged.trial][1])
        last[judged.trial] = (kind, step)


# --- Synchronous halving


def by_hand(study: Pool, *, eta: int, cohort: int) -> list[tuple[Ended, int]]:
    """Return how every trial ends, and after how many reports, if cohorts are cut one after the other."""
    fates = [(Ended.COMPLETE, REPORTS)] * len(study.recordings)
    for first in range(0, len(fates), cohort):
        block = range(first, min(first + cohort, len(fates)))
        going = list(block)
        for step in range(1, REPORTS + 1):
            value = {number: study.keys(number)[step - 1] for number in going}
            order = sorted((number for number in going if math.isfinite(value[number])), key=lambda one: value[one])
            fates = [
                (Ended.PRUNED, step) if number in going and number not in order else fate
                for number, fate in enumerate(fates)
            ]
            quota = max(1, len(block) // eta ** (LOOKS.index(step) + 1)) if step in LOOKS else len(order)
            for number in order[quota:]:
                fates[number] = Ended.PAUSED, step
            going = order[:quota]
    return fates


@pytest.mark.parametrize("diverging", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("workers", [1, 3, 16])
@pytest.mark.parametrize(("eta", "cohort"), [(2, 2), (2, 8), (3, 9), (3, 27), (4, 7), (5, 10), (10, 40)])
def test_cohorts_end_as_if_cut_by_hand_whatever_the_workers(
    eta: int, cohort: int, workers: int, diverging: float
) -> None:
    study = trials(30, seed=cohort + eta, diverging=diverging)

    run = played(Halving(eta=eta, cohort=cohort), study, workers=workers)

    assert [(fate.ended, fate.reports) for fate in run.fates] == by_hand(study, eta=eta, cohort=cohort)
    assert_whole(run)


@pytest.mark.parametrize("workers", [1, 2, 5, 16])
def test_a_cohort_leaves_exactly_one_in_eta_whatever_the_workers(workers: int) -> None:
    study = trials(27)

    run = played(Halving(eta=3, cohort=27), study, workers=workers)

    order = sorted(range(27), key=lambda number: study.outcomes[number])
    reports = [run.fates[number].reports for number in order]
    assert reports == [REPORTS] + [4] * 2 + [2] * 6 + [1] * 18
    assert kinds(run)[Kind.ABSTAIN] == 0  # a cohort sees to its peers by itself


def test_asynchronous_halving_on_the_same_trials_lets_early_arrivals_pass() -> None:
    study = trials(27)

    synchronous, asynchronous = (
        played(rule, study, workers=1, min_peers=0) for rule in (Halving(cohort=27), Asha(action="pause"))
    )

    beyond = [sum(fate.reports > 1 for fate in run.fates) for run in (synchronous, asynchronous)]
    assert beyond[0] == 9
    assert beyond[1] > 9


def test_several_cohorts_are_cut_one_by_one_and_the_last_may_be_short() -> None:
    study = trials(25)

    run = played(Halving(eta=3, cohort=9), study, workers=3)

    ended = [sum(run.fates[number].ended is Ended.COMPLETE for number in range(*block)) for block in
             [(0, 9), (9, 18), (18, 25)]]  # fmt: skip
    assert ended == [1, 1, 1]
    beyond = [sum(run.fates[number].reports > 1 for number in range(*block)) for block in [(0, 9), (9, 18), (18, 25)]]
    assert beyond == [3, 3, 2]


def test_control_trials_train_on_and_stand_in_their_cohort() -> None:
    run = played(Halving(eta=3, cohort=9), trials(27), control_every=5)

    spared = {judged.trial for judged in run.verdicts if judged.verdict.reason == "control"}
    assert spared
    assert {run.fates[trial].ended for trial in spared} == {Ended.COMPLETE}
    assert_whole(run)


@pytest.mark.parametrize(
    "safeguards", [{"grace": 1}, {"patience": 2}, {"top_k": 5}, {"top_k": 0}], ids=lambda found: str(found)
)
def test_no_safeguard_leaves_a_cohort_stuck(safeguards: dict[str, int]) -> None:
    run = played(Halving(eta=3, cohort=9), trials(27), **safeguards)

    assert_whole(run)
    assert Ended.COMPLETE in {fate.ended for fate in run.fates[:9]}


def test_the_best_so_far_waits_like_the_others() -> None:
    run = played(Halving(eta=3, cohort=9), trials(9), workers=1, top_k=1)

    assert kinds(run)[Kind.PROTECT] == 0
    assert run.verdicts[0].verdict.kind is Kind.PAUSE


def test_safeguards_that_ask_how_bad_a_cut_is_do_not_ask_a_trial_that_waits() -> None:
    study = trials(9)
    asked = Safeguards(control_every=0, confidence=3.0, noise=5.0, stops_per_hour=1, top_k=0)

    run = simulate(study, Policy(looks=LOOKS, strategy=Halving(eta=3, cohort=9), safeguards=asked), workers=1)

    waits = [judged.verdict for judged in run.verdicts if judged.verdict.evidence.get("waits")]
    assert waits
    assert {verdict.kind for verdict in waits} == {Kind.PAUSE}


# --- One shot


@pytest.mark.parametrize("workers", [1, 4, 40])
@pytest.mark.parametrize("keep_top", [1, 3, 30])
def test_one_shot_trains_exactly_the_best_of_the_first_look(keep_top: int, workers: int) -> None:
    study = trials(20)

    run = played(OneShot(keep_top=keep_top, action="pause"), study, workers=workers)

    order = sorted(range(20), key=lambda number: study.outcomes[number])
    complete = [number for number in order if run.fates[number].ended is Ended.COMPLETE]
    assert complete == order[:keep_top]
    assert_whole(run)


@pytest.mark.parametrize("seed", range(4))
def test_one_shot_ends_with_trials_that_diverge(seed: int) -> None:
    run = played(OneShot(action="pause"), trials(20, seed, diverging=0.5))

    assert_whole(run)
    assert kinds(run)[Kind.RESUME] <= 3


# --- Brackets and compositions


@pytest.mark.parametrize("action", ["stop", "pause"])
def test_every_bracket_is_cut_from_its_own_look_on(action: str) -> None:
    run = played(Hyperband(action=action), trials(100), min_peers=0)

    split = Brackets.of(brackets=4, eta=3.0)
    for judged in run.verdicts:
        if judged.verdict.kind in {Kind.STOP, Kind.PAUSE}:
            assert LOOKS.index(judged.verdict.step) >= split.group_of(judged.trial)
    last = [fate for number, fate in enumerate(run.fates) if split.group_of(number) == 3]
    assert len(last) == 8
    assert {fate.ended for fate in last} == {Ended.COMPLETE}
    assert_whole(run)


COMPOSITIONS: dict[str, Rule] = {
    "vote that stops": Vote(of=(Member(rule=Asha()), Member(rule=Percentile(by="value")))),
    "vote that pauses": Vote(of=(Member(rule=Asha(action="pause")), Member(rule=Asha(eta=2, action="pause")))),
    "careful start": Sequence(
        of=(Member(rule=Percentile(), until_members=8), Member(rule=CalibratedHalving(action="pause")))
    ),
    "cohorts first": Sequence(of=(Member(rule=Halving(cohort=9), until_step=2), Member(rule=Hyperband()))),
}


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("name", sorted(COMPOSITIONS))
def test_a_composition_plays_to_its_end(name: str, workers: int) -> None:
    run = played(COMPOSITIONS[name], trials(40, diverging=0.1), workers=workers)

    assert_whole(run)
    assert kinds(run)[Kind.STOP] + kinds(run)[Kind.PAUSE] > 5
    assert Ended.COMPLETE in {fate.ended for fate in run.fates}


@pytest.mark.parametrize("strategy", [Halving(cohort=9), OneShot(action="pause"), Hyperband(), *COMPOSITIONS.values()])
def test_in_shadow_nothing_is_held_back(strategy: Rule) -> None:
    policy = Policy(looks=LOOKS, strategy=strategy, safeguards=Safeguards(control_every=0), shadow=True)

    run = simulate(trials(20), policy)

    assert {fate.ended for fate in run.fates} == {Ended.COMPLETE}
    assert kinds(run)[Kind.RESUME] == 0


def test_looks_spaced_by_eta_make_the_rungs_of_the_paper() -> None:
    for eta in range(2, 11):
        steps = Geometric(first=1, factor=float(eta)).steps(eta**3)

        assert all(later == eta * earlier for earlier, later in pairwise(steps))
        assert len(steps) == 3
