import math
from fractions import Fraction

import pytest

from pruning.population import Population
from pruning.rules.base import Curve, Facts, Kind, SettingError
from pruning.rules.hyperband import Brackets, Hyperband
from pruning.rules.resuming import Waiting
from tests.pruning.builders import HORIZON, LOOKS

RULE = Hyperband(eta=3)
FOUR = Brackets.of(brackets=4, eta=3.0)


def members(bracket: int, n: int) -> list[int]:
    """Return the numbers of the first n trials of a bracket, where there are three looks."""
    return [trial for trial in range(1000) if FOUR.group_of(trial) == bracket][:n]


def at(step: int, trial: int, told: dict[int, float]) -> Facts:
    """Return the facts of a trial at a decision point; told: value by trial, its own included."""
    population = Population()
    for number, value in told.items():
        population.observe(number, step, value=value, best=value)
    own = Curve.of([step], [told.get(trial, math.nan)])
    return Facts(
        metric="val_loss", maximize=False, step=step, horizon=HORIZON, trial=trial, curve=own, looks=LOOKS,
        peers=population,
    )  # fmt: skip


# --- Dealing out


def test_the_proportions_are_those_of_the_paper() -> None:
    assert Brackets.of(brackets=5, eta=3.0).shares == (81, 34, 15, 8, 5)


@pytest.mark.parametrize("eta", [1.5, 2.0, 3.0, 4.0, 10.0])
@pytest.mark.parametrize("brackets", range(1, 7))
def test_every_bracket_has_its_share_of_the_first_trials_to_within_one(eta: float, brackets: int) -> None:
    split = Brackets.of(brackets=brackets, eta=eta)
    counts = [0] * brackets

    for trial in range(800):
        counts[split.group_of(trial)] += 1
        due = [Fraction((trial + 1) * share, sum(split.shares)) for share in split.shares]
        assert max(abs(count - share) for count, share in zip(counts, due, strict=True)) < 1


def test_after_one_round_the_pattern_begins_again() -> None:
    whole = sum(FOUR.shares)

    assert [FOUR.group_of(trial) for trial in range(whole)] == [FOUR.group_of(trial + whole) for trial in range(whole)]


@pytest.mark.parametrize("eta", range(2, 11))
def test_shares_are_exact_for_as_many_brackets_as_there_are_looks(eta: int) -> None:
    # A rounded logarithm makes five brackets of 243 steps at eta 3.
    rungs = 1
    while eta**rungs < 10**6:
        rungs += 1

    shares = Brackets.of(brackets=rungs, eta=float(eta)).shares

    assert shares[0] == eta ** (rungs - 1)
    assert shares[-1] == rungs
    assert all(share == -(-rungs * eta ** (rungs - 1 - s) // (rungs - s)) for s, share in enumerate(shares))


# --- Brackets


@pytest.mark.parametrize(
    ("bracket", "kinds"),
    [
        (0, [Kind.STOP, Kind.STOP, Kind.STOP]),
        (1, [Kind.KEEP, Kind.STOP, Kind.STOP]),
        (2, [Kind.KEEP, Kind.KEEP, Kind.STOP]),
        (3, [Kind.KEEP, Kind.KEEP, Kind.KEEP]),
    ],
)
def test_a_bracket_begins_to_cut_at_its_own_look(bracket: int, kinds: list[Kind]) -> None:
    told = {trial: float(place) for place, trial in enumerate(members(bracket, 6))}
    worst = max(told)

    assert [RULE.judge(at(step, worst, told)).kind for step in LOOKS] == kinds


def test_the_first_cut_of_every_bracket_keeps_one_in_eta() -> None:
    for bracket, step in enumerate(LOOKS):
        told = {trial: float(place) for place, trial in enumerate(members(bracket, 9))}

        assert RULE.judge(at(step, max(told), told)).evidence["quota"] == 3


def test_only_trials_of_the_same_bracket_are_peers() -> None:
    mine, others = members(1, 4), members(0, 12)
    told = {trial: 5.0 + place for place, trial in enumerate(mine)} | dict.fromkeys(others, 1.0)

    verdict = RULE.judge(at(4, mine[0], told))

    assert (verdict.kind, verdict.evidence["rank"], verdict.evidence["population"]) == (Kind.KEEP, 1, 4)
    assert verdict.sentence() == (
        "Kept at step 4: val_loss 5.0000 ranks 1 of 4; the best one goes on (cut 5.0000) in bracket 1."
    )


def test_the_cut_belongs_to_a_member_of_the_bracket() -> None:
    told = {trial: float(place) for place, trial in enumerate(members(0, 9))} | {members(1, 1)[0]: 2.5}

    evidence = RULE.judge(at(2, members(0, 9)[-1], told)).evidence

    assert (evidence["cut"], evidence["cut_trial"]) == (2.0, members(0, 9)[2])


def test_the_evidence_names_the_bracket() -> None:
    verdict = RULE.judge(at(2, members(1, 1)[0], {members(1, 1)[0]: 1.0}))

    named = {name: verdict.evidence[name] for name in ("bracket", "brackets", "first_look", "shares")}
    assert named == {"bracket": 1, "brackets": 4, "first_look": 4, "shares": [27, 12, 6, 4]}
    assert verdict.sentence() == (
        "Kept at step 2: val_loss 1.0000 ranks 1 of 1 in bracket 1, which is not cut before step 4."
    )


def test_the_last_bracket_is_never_cut() -> None:
    told = {trial: float(place) for place, trial in enumerate(members(3, 5))}

    verdict = RULE.judge(at(8, max(told), told))

    assert verdict.sentence() == "Kept at step 8: val_loss 4.0000 ranks 5 of 5 in bracket 3, which is never cut."


def test_fewer_brackets_leave_out_the_patient_ones() -> None:
    two = Hyperband(brackets=2)
    facts = at(2, 0, {0: 1.0})

    assert two.judge(facts).evidence["brackets"] == 2
    assert Hyperband(brackets=99).judge(facts).evidence["brackets"] == 4


def test_a_paused_trial_goes_on_within_the_quota_of_its_bracket() -> None:
    pausing = Hyperband(action="pause")
    zero, one = members(0, 9), members(1, 9)
    told = {trial: 10.0 + place for place, trial in enumerate(zero)} | dict.fromkeys(one, 1.0)
    paused = [Waiting(trial=trial, step=2, key=told[trial]) for trial in (zero[3], zero[2])]

    verdict = pausing.next_to_resume(at(2, zero[0], told), paused, is_closing=False)

    assert verdict is not None
    assert (verdict.kind, verdict.rule, verdict.evidence["trial"]) == (Kind.RESUME, "hyperband", zero[2])
    assert pausing.next_to_resume(at(2, zero[0], told), paused[:1], is_closing=True) is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"brackets": 0}, "brackets: 0 is below 1"),
        ({"eta": 1.0}, "eta: 1.0 is not above 1"),
        ({"action": "kill"}, "action: 'kill' is not one of"),
    ],
)
def test_a_wrong_setting_is_refused_with_the_remedy(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        Hyperband(**wrong)  # type: ignore[arg-type]  # wrong on purpose

    assert str(caught.value).startswith(message)
