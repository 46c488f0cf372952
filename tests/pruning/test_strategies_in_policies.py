"""Every strategy takes its place in a policy: gates before it, safeguards after it."""

import math
from collections.abc import Callable
from typing import cast

import pytest

from pruning.policy import Policy
from pruning.rules.asha import Asha
from pruning.rules.base import Draw, Facts, Kind, Rule
from pruning.rules.composition import Member
from pruning.rules.divergence import Divergence
from pruning.rules.halving import Halving
from pruning.rules.hyperband import Hyperband
from pruning.rules.one_shot import OneShot
from pruning.rules.percentile import Percentile
from pruning.rules.sequence import Sequence
from pruning.rules.vote import Vote
from pruning.safeguards import Safeguards
from tests.pruning.builders import LOOKS, at_look

MEMBER = Draw(suggestion=13, every=10, place=3)
PEERS = [float(place) for place in range(1, 9)]
STRATEGIES: dict[str, tuple[Rule, Kind]] = {
    # Each with what it says to the worst of nine.
    "halving": (Halving(cohort=9), Kind.PAUSE),
    "hyperband": (Hyperband(brackets=1), Kind.STOP),
    "one shot": (OneShot(), Kind.STOP),
    "one shot that pauses": (OneShot(action="pause"), Kind.PAUSE),
    "vote": (Vote(of=(Member(rule=Asha()), Member(rule=Percentile()))), Kind.STOP),
    "vote that pauses": (Vote(of=(Member(rule=Asha(action="pause")),) * 2), Kind.PAUSE),
    "sequence": (Sequence(of=(Member(rule=Percentile(), until_members=3), Member(rule=Asha()))), Kind.STOP),
    "sequence of cohorts": (
        Sequence(of=(Member(rule=Halving(cohort=9), until_step=4), Member(rule=Asha()))),
        Kind.PAUSE,
    ),
}
GATHERING = {"halving", "one shot that pauses", "sequence of cohorts"}


def policy(name: str, **more: object) -> Policy:
    return Policy(looks=LOOKS, gates=(Divergence(),), strategy=STRATEGIES[name][0], **more)  # type: ignore[arg-type]


def worst(**more: object) -> Facts:
    return at_look(99.0, PEERS, **more)  # type: ignore[arg-type]  # the names are those of Facts


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_the_worst_is_held_back(name: str) -> None:
    verdict = policy(name).judge(worst())

    assert (verdict.kind, verdict.motive) == (STRATEGIES[name][1], "speed")
    assert verdict.rule == STRATEGIES[name][0].name


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_a_gate_speaks_before_it_and_it_concurs(name: str) -> None:
    verdict = policy(name).judge(at_look(math.nan, PEERS))

    assert (verdict.kind, verdict.rule) == (Kind.STOP, "divergence")
    concurring = cast(list[dict[str, object]], verdict.evidence["concurring"])
    assert [said["rule"] for said in concurring] == [STRATEGIES[name][0].name]


@pytest.mark.parametrize(
    ("spared", "code"),
    [
        (lambda name: policy(name).judge(worst(draw=MEMBER)), "control"),
        (lambda name: policy(name).judge(worst(is_pinned=True)), "pinned"),
        (lambda name: policy(name, safeguards=Safeguards(grace=2)).judge(worst()), "grace"),
        (lambda name: policy(name, safeguards=Safeguards(patience=2)).judge(worst()), "patience"),
        (lambda name: policy(name, safeguards=Safeguards(near_end=0.1)).judge(worst()), "near_end"),
        (lambda name: policy(name, safeguards=Safeguards(top_k=9)).judge(worst()), "incumbent"),
    ],
    ids=["control", "pinned", "grace", "patience", "near_end", "top_k"],
)
@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_a_safeguard_answers_it(name: str, spared: Callable[[str], object], code: str) -> None:
    verdict = spared(name)

    assert (verdict.kind, verdict.reason) == (Kind.PROTECT, code)  # type: ignore[attr-defined]  # a verdict
    assert verdict.evidence["overruled"] == STRATEGIES[name][1]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_a_strategy_that_gathers_its_peers_needs_no_safeguard_for_few(name: str) -> None:
    verdict = policy(name).judge(at_look(1.0, [2.0]))

    assert verdict.kind is (Kind.PAUSE if name in GATHERING else Kind.ABSTAIN)


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_in_shadow_it_is_recorded_only(name: str) -> None:
    verdict = policy(name, shadow=True).judge(worst())

    assert (verdict.kind, verdict.shadow) == (STRATEGIES[name][1], True)
    assert verdict.sentence().startswith("Would have been ")
