"""The bandit: who goes on, who is paused, and who gets a free worker."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from pruning.calibrated_population import CalibratedPopulation
from pruning.canonical import encode
from pruning.looks import Geometric
from pruning.policy import Policy
from pruning.rules.arms import uniform
from pruning.rules.bandit import Bandit
from pruning.rules.base import EMPTY, Curve, Facts, Kind, SettingError, Stream
from pruning.rules.divergence import Divergence
from pruning.rules.resuming import Waiting
from pruning.rules.surroundings import Resources, Usage
from pruning.safeguards import Safeguards
from pruning.simulate import Ended, Pool, Run, outcome_of, simulate
from tests.pruning import negative_controls as studies

HORIZON, LOOKS = 32, (4, 8, 16)
STEPS = np.arange(1, HORIZON + 1)
PAUSING = Bandit(action="pause", margin=1.0)


def curve(end: float, gain: float = 1.0) -> np.ndarray:
    """Return a curve that falls to `end`."""
    values: np.ndarray = end + gain * (STEPS**-0.7 - HORIZON**-0.7)
    return values


ENDED = [curve(1.0 + 0.2 * n, 0.8 + 0.1 * (n % 4)) for n in range(8)]


class Study:
    """Trials told up to some step each; those told to the end have ended."""

    def __init__(self, *told: tuple[np.ndarray, int]) -> None:
        self.population = CalibratedPopulation(looks=LOOKS, horizon=HORIZON)
        self.told = told
        for number, (values, until) in enumerate(told):
            keys = np.where(np.isfinite(values), values, math.inf)
            for look in [look for look in (*LOOKS, HORIZON) if look <= until]:
                self.population.observe(number, look, value=float(keys[look - 1]), best=float(keys[:look].min()))
            if until == HORIZON:
                self.population.complete(number)

    def facts(self, trial: int, *others: int) -> Facts:
        """Return the facts of a trial where it stands; the others wait where they stand."""
        values, step = self.told[trial]
        return replace(
            self.now, step=step, trial=trial, curve=Curve.of(STEPS[:step], values[:step]), waiting=self.waiting(*others)
        )

    @property
    def now(self) -> Facts:
        return Facts(
            metric="val_loss",
            maximize=False,
            step=0,
            horizon=HORIZON,
            trial=0,
            curve=EMPTY,
            looks=LOOKS,
            peers=self.population,
        )

    def waiting(self, *numbers: int) -> list[Waiting]:
        """Return these trials as paused; they count as worse above where they stand."""
        found = []
        for number in numbers:
            step = self.told[number][1]
            self.population.eliminate(number, step)
            key = self.population.key_of(number, step, by="best")
            assert key is not None
            found.append(Waiting(trial=number, step=step, key=key))
        return found


def after(*told: tuple[np.ndarray, int]) -> Study:
    """Return a study in which eight trials have ended; the told ones have the numbers from 8."""
    return Study(*[(values, HORIZON) for values in ENDED], *told)


# --- Stopping


@pytest.mark.parametrize(("end", "kind"), [(0.8, Kind.KEEP), (1.0, Kind.KEEP), (1.8, Kind.STOP), (2.4, Kind.STOP)])
@pytest.mark.parametrize("index", ["payoff", "ucb"])
def test_a_trial_stops_when_a_new_one_is_worth_more(index: str, end: float, kind: Kind) -> None:
    verdict = Bandit(index=index).judge(after((curve(end), 8)).facts(8))

    assert verdict.kind is kind
    assert verdict.reason == ("outplayed" if kind is Kind.STOP else "")
    assert verdict.evidence["basis"] == "forecast"


def test_the_payoff_is_the_chance_per_step_to_go() -> None:
    evidence = Bandit().judge(after((curve(1.1), 16)).facts(8)).evidence

    own, new = evidence["own"], evidence["new"]
    assert own["index"] == own["chance"] / 16  # type: ignore[index]  # mappings
    assert new["index"] == (1 / (9 + 1)) / HORIZON  # type: ignore[index]  # nine trials have begun
    assert evidence["probability"] == own["chance"]  # type: ignore[index]


def test_luck_is_worth_more_deviations_when_explored() -> None:
    study = after((curve(1.3), 8))

    plain, lucky = (Bandit(index="ucb", explore=explore).judge(study.facts(8)).evidence for explore in (0.0, 2.0))

    own, target = plain["own"], plain["cut"]
    assert own["index"] == pytest.approx((target - own["mean"]) / HORIZON)  # type: ignore[index]  # a loss
    gain = target - own["mean"] + 2 * own["sd"]  # type: ignore[index]
    assert lucky["own"]["index"] == pytest.approx(gain / (24 if gain > 0 else HORIZON))  # type: ignore[index]


def test_a_wider_margin_stops_fewer() -> None:
    study = after(*[(curve(end), 8) for end in np.linspace(0.9, 2.2, 14)])
    stopped = [
        sum(Bandit(margin=margin).judge(study.facts(trial)).kind is Kind.STOP for trial in range(8, 22))
        for margin in (1.0, 3.0, 1e6)
    ]

    assert stopped == sorted(stopped, reverse=True)
    assert stopped[0] > stopped[2]


def test_while_few_have_ended_ranks_decide() -> None:
    study = Study(*[(curve(1.0 + 0.1 * n), 4) for n in range(12)])

    best, worst = (Bandit().judge(study.facts(trial)) for trial in (0, 11))

    assert (best.kind, worst.kind) == (Kind.KEEP, Kind.STOP)
    assert best.evidence["basis"] == worst.evidence["basis"] == "rank"
    chances = [float(str(Bandit().judge(study.facts(trial)).evidence["probability"])) for trial in range(12)]
    assert chances == sorted(chances, reverse=True)


def test_a_trial_alone_goes_on() -> None:
    assert Bandit().judge(Study((curve(1.0), 4)).facts(0)).kind is Kind.KEEP


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("by", ["best", "value"])
@pytest.mark.parametrize("index", ["payoff", "ucb"])
def test_a_last_value_that_is_not_finite_is_worth_nothing(index: str, by: str, value: float) -> None:
    own = curve(0.5)
    own[7] = value

    verdict = Bandit(index=index, by=by).judge(after((own, 8)).facts(8))

    assert verdict.kind is Kind.STOP
    assert verdict.evidence["probability"] == 0.0
    assert "what is not a number will not become the best" in verdict.sentence()


# --- Pausing and going on


def test_a_trial_is_paused_when_a_paused_one_is_worth_more() -> None:
    verdict = PAUSING.judge(after((curve(1.15), 8), (curve(0.8), 8)).facts(8, 9))

    assert (verdict.kind, verdict.reason) == (Kind.PAUSE, "outplayed")
    assert verdict.evidence["chosen"] == 9
    assert "trial 9's" in verdict.sentence()


def test_a_trial_that_is_worth_most_does_not_pause() -> None:
    verdict = PAUSING.judge(after((curve(0.8), 8), (curve(1.15), 8)).facts(8, 9))

    assert verdict.kind is Kind.KEEP


def test_a_free_worker_goes_to_the_paused_trial_that_is_worth_most() -> None:
    study = after((curve(1.15), 8), (curve(0.8), 8), (curve(0.85), 4))

    verdict = PAUSING.next_to_resume(study.now, study.waiting(8, 9, 10), is_closing=False)

    assert verdict is not None
    assert (verdict.kind, verdict.reason, verdict.evidence["trial"], verdict.step) == (Kind.RESUME, "slack", 9, 8)


def test_a_free_worker_starts_a_new_trial_where_that_is_worth_more() -> None:
    study = after((curve(1.9), 8), (curve(2.2), 8))

    assert PAUSING.next_to_resume(study.now, study.waiting(8, 9), is_closing=False) is None


def test_among_equal_chances_the_one_nearer_its_end_goes_on() -> None:
    study = after((curve(0.7), 4), (curve(0.7), 16))

    verdict = PAUSING.next_to_resume(study.now, study.waiting(8, 9), is_closing=False)

    assert verdict is not None
    assert verdict.evidence["trial"] == 9


def test_the_trial_with_number_nought_counts_among_the_ended() -> None:
    study = after((curve(1.15), 8))

    verdict = PAUSING.next_to_resume(study.now, study.waiting(8), is_closing=True)

    assert verdict is not None
    assert verdict.evidence["cut_trial"] == 0


def test_at_the_close_the_best_finish_whatever_a_new_trial_would_be_worth() -> None:
    study = Study(*[(curve(1.0 + 0.1 * n), 4) for n in range(12)])
    waiting = study.waiting(*range(12))

    went_on: list[int] = []
    while True:
        now = replace(study.now, stream=Stream(begun=12, under_way=frozenset(went_on)))
        verdict = Bandit(action="pause", min_keep=2).next_to_resume(now, waiting, is_closing=True)
        if verdict is None:
            break
        went_on.append(int(str(verdict.evidence["trial"])))
        waiting = [one for one in waiting if one.trial != went_on[-1]]

    assert went_on == list(range(len(went_on)))
    assert 2 <= len(went_on) < 8


def test_what_is_not_a_number_never_goes_on() -> None:
    study = after((np.full(HORIZON, math.nan), 8))

    assert PAUSING.next_to_resume(study.now, study.waiting(8), is_closing=True) is None


# --- Draws


THOMPSON = Bandit(index="thompson", action="pause", seed=5)


def test_draws_are_those_of_the_seed_the_moment_and_the_trial() -> None:
    study = after((curve(1.1), 8), (curve(0.9), 8))

    evidence = THOMPSON.judge(study.facts(8, 9)).evidence

    moment = int(str(evidence["moment"]))
    assert evidence["own"]["draw"] == uniform(5, "end", moment, "8|8")  # type: ignore[index]
    assert evidence["new"]["draw"] == uniform(5, "end", moment, "new")  # type: ignore[index]
    assert evidence["coin"] == uniform(5, "leader", moment)
    assert encode(dict(THOMPSON.judge(study.facts(8, 9)).evidence)) == encode(dict(evidence))


def test_another_seed_draws_otherwise() -> None:
    study = after((curve(1.1), 8))

    first, second = (Bandit(index="thompson", action="pause", seed=seed).judge(study.facts(8)) for seed in (1, 2))

    assert first.evidence["own"]["draw"] != second.evidence["own"]["draw"]  # type: ignore[index]


def test_uniform_numbers_are_spread_evenly() -> None:
    drawn = np.array([uniform(0, "end", moment, "3|8") for moment in range(4000)])

    assert 0 < drawn.min() < drawn.max() < 1
    assert np.histogram(drawn, bins=10, range=(0, 1))[0].tolist() == pytest.approx([400] * 10, abs=80)


def test_the_paused_trial_and_the_free_worker_see_the_same_draws() -> None:
    study = after((curve(1.05), 8), (curve(1.1), 8), (curve(1.0), 4))
    verdict = THOMPSON.judge(study.facts(8, 9, 10))

    after_it = THOMPSON.next_to_resume(study.now, study.waiting(8, 9, 10), is_closing=False)

    chosen = after_it.evidence["trial"] if after_it else None
    assert chosen == verdict.evidence["chosen"]


# --- What it says


def test_the_numbers_of_the_sentence_are_those_of_the_evidence() -> None:
    verdict = Bandit().judge(after((curve(1.6), 8)).facts(8))

    said = re.fullmatch(
        r"Stopped at step 8: val_loss ([\d.]+) ranks (\d+) of (\d+); its chance to be the best is (?:under )?"
        r"([\d.]+) % for (\d+) more steps, a new trial's ([\d.]+) % for (\d+)\.",
        verdict.sentence(),
    )
    assert said is not None, verdict.sentence()
    evidence = verdict.evidence
    assert float(said[1]) == pytest.approx(float(str(evidence["value"])), abs=5e-5)
    assert (int(said[2]), int(said[3])) == (evidence["rank"], evidence["population"])
    assert 100 * float(str(evidence["probability"])) <= float(said[4]) + 0.05
    assert (int(said[5]), int(said[7])) == (24, HORIZON)
    assert float(said[6]) == pytest.approx(100 * evidence["new"]["chance"], abs=0.05)  # type: ignore[index]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("index", "ucb1"), ("index", "thompson"), ("action", "kill"), ("margin", 0.5), ("margin", math.nan),
        ("explore", -1.0), ("min_keep", 0), ("min_ended", 2), ("by", "mean"), ("window", 4),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_the_remedy(setting: str, value: object) -> None:
    with pytest.raises(SettingError, match=setting):
        Bandit(**{setting: value})  # type: ignore[arg-type]  # on purpose


# --- Whole studies


def policy(strategy: Bandit) -> Policy:
    return Policy(
        looks=Geometric(first=1, factor=2.0),
        gates=(Divergence(grace=studies.REPORTS),),
        strategy=strategy,
        safeguards=Safeguards(min_peers=0, top_k=0, control_every=0),
    )


def played(pool: Pool, strategy: Bandit) -> Run:
    return simulate(pool, policy(strategy), seed=1)


ALL = [
    Bandit(),
    Bandit(index="ucb"),
    Bandit(action="pause"),
    Bandit(index="ucb", action="pause"),
    Bandit(index="thompson", action="pause"),
]
NAMES = [f"{one.index}, {one.action}" for one in ALL]


@pytest.mark.parametrize("strategy", ALL, ids=NAMES)
def test_on_curves_that_never_cross_it_saves_compute_and_keeps_the_best(strategy: Bandit) -> None:
    pool = studies.ordered(2)

    found = outcome_of(pool, played(pool, strategy))

    assert found.compute < 0.75
    assert not found.lost


@pytest.mark.parametrize("strategy", ALL, ids=NAMES)
def test_every_study_ends_with_someone_at_the_end_and_nobody_forgotten(strategy: Bandit) -> None:
    run = played(studies.reversed_order(1), strategy)

    ended = [fate.ended for fate in run.fates]
    assert ended.count(Ended.COMPLETE) >= 3
    assert Ended.WAITING not in ended
    assert all(fate.reports for fate in run.fates)


@pytest.mark.parametrize("strategy", [ALL[2], ALL[4]], ids=[NAMES[2], NAMES[4]])
def test_where_early_leaders_end_worst_pausing_finds_the_late_ones(strategy: Bandit) -> None:
    pool = studies.reversed_order(0)

    assert outcome_of(pool, played(pool, strategy)).regret < 0.1


def test_where_all_diverge_the_study_ends_too() -> None:
    run = played(studies.diverging(0), Bandit(action="pause"))

    assert {fate.ended for fate in run.fates} == {Ended.PRUNED}


# --- Hours


def timed(facts: Facts, own: float | None, finished: float = 2.0, n: int = 8) -> Facts:
    """Return facts with what steps take: of the trial, and of those that completed on its kind of device."""
    looks = (Usage(seconds_per_step=own),)
    return replace(facts, resources=Resources(device="cpu", looks=looks, finished_seconds=(finished,) * n))


def test_a_trial_whose_steps_take_long_is_stopped_for_one_that_is_worth_more_per_hour() -> None:
    rule = Bandit(margin=1.0)
    facts = after((curve(1.05), 8)).facts(8)

    usual, slow = rule.judge(timed(facts, 2.0)), rule.judge(timed(facts, 200.0))

    assert usual.kind is Kind.KEEP
    assert slow.kind is Kind.STOP
    assert slow.evidence["own"]["pace"] == 100.0  # type: ignore[index]
    assert "of 100.0 times the usual seconds" in slow.sentence()


@pytest.mark.parametrize("index", ["payoff", "ucb"])
def test_what_a_trial_is_worth_falls_as_its_steps_take_longer(index: str) -> None:
    facts = after((curve(1.05), 8)).facts(8)

    usual, slow = (Bandit(index=index).judge(timed(facts, seconds)).evidence["own"] for seconds in (2.0, 8.0))

    assert slow["index"] == pytest.approx(usual["index"] / 4)  # type: ignore[index]


def test_a_trial_of_the_usual_pace_is_judged_as_by_steps() -> None:
    facts = after((curve(1.05), 8)).facts(8)

    by_hour, by_step = Bandit().judge(timed(facts, 2.0)), Bandit(per="step").judge(timed(facts, 200.0))

    assert by_hour.kind is by_step.kind
    assert by_hour.evidence["own"] == by_step.evidence["own"]


@pytest.mark.parametrize(("own", "finished", "n"), [(None, 2.0, 8), (200.0, 2.0, 4), (200.0, 0.0, 8)])
def test_what_is_not_measured_counts_as_usual(own: float | None, finished: float, n: int) -> None:
    facts = after((curve(1.05), 8)).facts(8)

    verdict = Bandit().judge(timed(facts, own, finished, n))

    assert verdict.evidence["own"]["pace"] == 1.0  # type: ignore[index]


def test_seconds_are_asked_for_only_where_they_count() -> None:
    assert Bandit().needs.resources
    assert not Bandit(per="step").needs.resources
    assert not Bandit(index="thompson", action="pause").needs.resources


def test_another_unit_of_worth_is_refused() -> None:
    with pytest.raises(SettingError, match="is not one of hour, step"):
        Bandit(per="day")
