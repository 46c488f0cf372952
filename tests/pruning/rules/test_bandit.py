"""The bandit: who goes on and who is stopped, by steps and by hours, and how it says so."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from pruning.rules.bandit import Bandit
from pruning.rules.base import Facts, Kind, SettingError
from pruning.rules.surroundings import Resources, Usage
from tests.pruning.rules.bandits import HORIZON, Study, after, curve

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
