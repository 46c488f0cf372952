import math
from dataclasses import replace
from typing import Any, cast

import pytest
import yaml

from pruning.policy import Policy
from pruning.rules.asha import Asha
from pruning.rules.base import Kind, Rule, Stream
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.rules.composition import Member
from pruning.rules.halving import Halving
from pruning.rules.one_shot import OneShot
from pruning.rules.percentile import Percentile
from pruning.rules.resuming import Waiting
from pruning.rules.sequence import Sequence
from pruning.rules.settings import PolicyError
from pruning.rules.vote import Vote
from tests.pruning.builders import at_look

TEN = [float(place) for place in range(1, 11)]
CAREFUL, BOLD = Percentile(keep=80, by="value"), Asha(eta=3)


def vote(*rules: Rule, needed: int = 2) -> Vote:
    return Vote(of=tuple(Member(rule=rule) for rule in rules), needed=needed)


def members(evidence: object) -> list[dict[str, Any]]:
    return cast(dict[str, Any], evidence)["members"]  # type: ignore[no-any-return]  # evidence is loose data


# --- A vote


@pytest.mark.parametrize(
    ("value", "needed", "kind", "against"),
    [
        (0.5, 1, Kind.KEEP, 0),
        (5.5, 1, Kind.STOP, 1),
        (5.5, 2, Kind.KEEP, 1),
        (99.0, 1, Kind.STOP, 2),
        (99.0, 2, Kind.STOP, 2),
    ],
)
def test_a_trial_is_stopped_when_enough_rules_speak_against_it(
    value: float, needed: int, kind: Kind, against: int
) -> None:
    verdict = vote(CAREFUL, BOLD, needed=needed).judge(at_look(value, TEN))

    assert (verdict.kind, verdict.evidence["against"]) == (kind, against)


def test_the_reason_and_the_sentence_are_those_of_the_first_that_spoke_against_it() -> None:
    first, second = (vote(*pair).judge(at_look(99.0, TEN)) for pair in ((CAREFUL, BOLD), (BOLD, CAREFUL)))

    assert (first.rule, first.reason, second.reason) == ("vote", "underperforming", "outpaced")
    assert first.sentence() == (
        "Stopped at step 2: val_loss 99.0000 ranks 11 of 11; the best 9 go on (cut 9.0000); "
        "2 of 2 rules speak against it."
    )


def test_a_kept_trial_says_how_many_were_against_it() -> None:
    verdict = vote(CAREFUL, BOLD).judge(at_look(5.5, TEN))

    assert verdict.reason == ""
    assert verdict.sentence() == (
        "Kept at step 2: val_loss 5.5000 ranks 6 of 11; the best 9 go on (cut 8.0000); "
        "1 of 2 rules speak against it and 2 are needed."
    )


def test_the_evidence_keeps_what_every_rule_said() -> None:
    facts = at_look(5.5, TEN)

    verdict = vote(CAREFUL, BOLD).judge(facts)

    alone = [rule.judge(facts) for rule in (CAREFUL, BOLD)]
    heard = members(verdict.evidence)
    assert [one["verdict"] for one in heard] == ["KEEP", "STOP"]
    assert [one["evidence"] for one in heard] == [dict(one.evidence) for one in alone]
    assert [one["clause"] for one in heard] == [one.clause for one in alone]


def test_a_rule_that_abstains_does_not_count() -> None:
    nobody_yet = Percentile(peers="finished")
    facts = at_look(99.0, TEN)

    assert vote(nobody_yet, BOLD, needed=1).judge(facts).kind is Kind.STOP
    assert vote(nobody_yet, BOLD).judge(facts).evidence["voters"] == 1
    silent = vote(nobody_yet, nobody_yet, needed=1).judge(facts)
    assert (silent.kind, silent.reason) == (Kind.ABSTAIN, "few_peers")


def test_a_trial_is_paused_if_all_that_speak_against_it_would_pause_it() -> None:
    pausing = Asha(eta=3, action="pause")

    assert vote(pausing, Asha(eta=2, action="pause")).judge(at_look(99.0, TEN)).kind is Kind.PAUSE
    assert vote(pausing, CAREFUL).judge(at_look(99.0, TEN)).kind is Kind.STOP
    assert vote(pausing, CAREFUL, needed=1).judge(at_look(5.5, TEN)).kind is Kind.PAUSE


@pytest.mark.parametrize(("place", "needed", "goes_on"), [(1, 1, True), (4, 1, False), (4, 2, True), (8, 2, False)])
def test_a_paused_trial_goes_on_when_too_few_hold_it_back(place: int, needed: int, goes_on: bool) -> None:
    rule = vote(Asha(eta=2, action="pause"), Asha(eta=4, action="pause"), needed=needed)
    paused = Waiting(trial=place, step=2, key=TEN[place])

    verdict = rule.next_to_resume(at_look(99.0, TEN), [paused], is_closing=False)

    assert (verdict is not None) == goes_on
    if verdict is not None:
        assert (verdict.kind, verdict.rule, verdict.evidence["trial"]) == (Kind.RESUME, "vote", place)


def test_a_resumption_says_how_many_still_hold_it_back() -> None:
    rule = vote(Asha(eta=4, action="pause"), Asha(eta=2, action="pause"))

    verdict = rule.next_to_resume(at_look(99.0, TEN), [Waiting(trial=4, step=2, key=5.0)], is_closing=False)

    assert verdict is not None
    assert verdict.sentence() == (
        "Resumed at step 2: val_loss 5.0000 ranks 5 of 11; the best 5 go on (cut 5.0000); "
        "1 of 2 rules hold it back and 2 are needed."
    )


def test_the_best_paused_trial_that_may_goes_first_and_one_without_a_number_never() -> None:
    rule = vote(Asha(eta=2, action="pause"), CAREFUL, needed=1)
    paused = [Waiting(trial=trial, step=2, key=key) for trial, key in [(3, 4.0), (1, 2.0), (9, math.inf)]]

    first = rule.next_to_resume(at_look(99.0, TEN), paused, is_closing=True)

    assert first is not None
    assert first.evidence["trial"] == 1
    assert rule.next_to_resume(at_look(99.0, TEN), paused[2:], is_closing=True) is None


# --- A sequence

START = Sequence(of=(Member(rule=CAREFUL, until_members=8), Member(rule=BOLD)))


def test_the_first_whose_condition_holds_judges() -> None:
    early, late = START.judge(at_look(5.5, TEN[:6])), START.judge(at_look(5.5, TEN[:7]))

    assert [cast(dict[str, Any], one.evidence)["turn"]["rule"] for one in (early, late)] == ["percentile", "asha"]
    assert early.sentence() == (
        "Kept at step 2: val_loss 5.5000 ranks 6 of 7; the best 6 go on (cut 5.5000); "
        "judged by percentile, until 8 have come this far."
    )
    assert late.sentence() == (
        "Stopped at step 2: val_loss 5.5000 ranks 6 of 8; the best 2 go on (cut 2.0000); "
        "judged by asha, the last in the row."
    )


def test_the_verdict_is_that_of_the_rule_whose_turn_it_is() -> None:
    facts = at_look(99.0, TEN)

    verdict, alone = START.judge(facts), BOLD.judge(facts)

    assert (verdict.rule, verdict.kind, verdict.reason) == ("sequence", alone.kind, alone.reason)
    assert dict(alone.evidence).items() <= dict(verdict.evidence).items()


@pytest.mark.parametrize(("step", "rule"), [(2, "percentile"), (4, "asha"), (8, "asha")])
def test_a_rule_may_judge_until_a_step(step: int, rule: str) -> None:
    sequence = Sequence(of=(Member(rule=CAREFUL, until_step=4), Member(rule=BOLD)))

    turn = cast(dict[str, Any], sequence.judge(at_look(1.0, TEN, step=step)).evidence)["turn"]

    assert turn["rule"] == rule


def test_of_two_conditions_the_first_that_comes_true_ends_its_turn() -> None:
    both = Sequence(of=(Member(rule=CAREFUL, until_members=8, until_step=4), Member(rule=BOLD)))

    assert both.judge(at_look(1.0, TEN[:3])).clause.endswith("until 8 have come this far and step 4")
    assert both.judge(at_look(1.0, TEN)).clause.endswith("judged by asha, the last in the row")
    assert both.judge(at_look(1.0, TEN[:3], step=4)).clause.endswith("judged by asha, the last in the row")


def test_a_paused_trial_goes_on_under_the_rule_whose_turn_it_is_there() -> None:
    rule = Sequence(of=(Member(rule=Asha(eta=4, action="pause"), until_step=4), Member(rule=CAREFUL)))
    facts = at_look(99.0, TEN)

    verdict = rule.next_to_resume(facts, [Waiting(trial=1, step=2, key=2.0)], is_closing=False)

    assert verdict is not None
    assert (verdict.kind, verdict.rule, verdict.evidence["trial"]) == (Kind.RESUME, "sequence", 1)
    assert verdict.sentence().endswith("judged by asha, until step 4.")
    assert rule.next_to_resume(facts, [Waiting(trial=7, step=2, key=8.0)], is_closing=True) is None


def test_a_cohort_waits_under_a_sequence_too() -> None:
    rule = Sequence(of=(Member(rule=CAREFUL, until_step=4), Member(rule=Halving(cohort=11))))
    facts = at_look(5.0, TEN, step=4)
    done = replace(facts, stream=Stream(begun=11, under_way=frozenset()))

    assert rule.gathers(facts)
    assert not rule.gathers(at_look(5.0, TEN))
    assert rule.judge(facts).kind is Kind.PAUSE
    found = rule.next_to_resume(done, [Waiting(trial=0, step=4, key=1.0)], is_closing=False)
    assert found is not None
    assert found.evidence["begun"] == 11


# --- In a plan


EXAMPLES = {
    "vote": """
        looks: [2, 4, 8]
        strategy: {rule: vote, needed: 2, of: [{rule: asha, eta: 3}, percentile, {rule: one_shot, keep_top: 5}]}
    """,
    "sequence": """
        looks: [2, 4, 8]
        strategy:
          rule: sequence
          of: [{until_members: 8, rule: percentile}, {until_step: 4, rule: asha}, {rule: calibrated_halving}]
    """,
}


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_policy_survives_the_round_trip_through_plain_data(name: str) -> None:
    policy = Policy.from_mapping(yaml.safe_load(EXAMPLES[name]))

    again = Policy.from_mapping(yaml.safe_load(yaml.safe_dump(policy.to_mapping())))

    assert again == policy
    assert again.fingerprint == policy.fingerprint


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_fingerprint_is_that_of_all_settings_filled_in(name: str) -> None:
    said = yaml.safe_load(EXAMPLES[name])
    spelt_out = yaml.safe_load(EXAMPLES[name])
    spelt_out["strategy"]["of"][0] |= {"by": "value"} if name == "vote" else {"keep": 50}
    changed = yaml.safe_load(EXAMPLES[name])
    changed["strategy"]["of"][0] |= {"by": "best"} if name == "vote" else {"until_members": 9}

    assert Policy.from_mapping(spelt_out).fingerprint == Policy.from_mapping(said).fingerprint
    assert Policy.from_mapping(changed).fingerprint != Policy.from_mapping(said).fingerprint


@pytest.mark.parametrize(
    ("strategy", "problems"),
    [
        ({"rule": "vote"}, ["policy.strategy.of: [] is not two rules or more"]),
        ({"rule": "vote", "of": "asha"}, ["policy.strategy.of: 'asha' is not a list of rules"]),
        ({"rule": "vote", "of": ["asha"]}, ["policy.strategy.of: ['asha'] is not two rules or more"]),
        (
            {"rule": "vote", "of": ["ashe", {"rule": "asha", "etta": 3}]},
            [
                "policy.strategy.of[0].rule: unknown rule 'ashe'; did you mean 'asha'?",
                "policy.strategy.of[1].etta: unknown setting 'etta'; did you mean 'eta'?",
            ],
        ),
        (
            {"rule": "vote", "of": ["asha", {"rule": "asha", "eta": 1}]},
            ["policy.strategy.of[1].eta: 1.0 is not above 1"],
        ),
        (
            {"rule": "sequence", "of": [{"rule": "asha", "until_members": "8"}, "asha"]},
            ["policy.strategy.of[0].until_members: '8' is not a whole number"],
        ),
        (
            {"rule": "sequence", "of": [{"rule": "asha", "until_step": 1}, "asha"]},
            ["policy.strategy.of[0].until_step: 1 is below 2"],
        ),
        ({"rule": "vote", "of": ["asha", "divergence"]}, ["policy.strategy.of[1].rule: unknown rule 'divergence'"]),
        ({"rule": "vote", "of": ["asha", "asha"], "needed": 3}, ["policy.strategy.needed: 3 is not between 1 and 2"]),
        ({"rule": "vote", "of": ["asha", "asha"], "needed": 0}, ["policy.strategy.needed: 0 is not between 1 and 2"]),
        (
            {"rule": "vote", "of": ["asha", {"rule": "vote", "of": ["asha", "percentile"]}]},
            ["policy.strategy.of[1].rule: 'vote' is itself made of rules: list those here"],
        ),
        (
            {"rule": "vote", "of": ["asha", {"rule": "asha", "until_members": 8}]},
            ["policy.strategy.of[1].until_members: 8 is for a sequence"],
        ),
        (
            {"rule": "vote", "of": ["asha", "halving"]},
            ["policy.strategy.of[1].rule: 'halving' has trials wait for a whole cohort"],
        ),
        (
            {"rule": "vote", "of": ["asha", {"rule": "one_shot", "action": "pause"}]},
            ["policy.strategy.of[1].rule: 'one_shot' has trials wait for a whole cohort"],
        ),
        (
            {"rule": "vote", "of": [{"rule": "asha", "action": "pause", "by": by} for by in ("value", "best")]},
            ["policy.strategy.of[1].by: 'best' is not what of[0] ranks by"],
        ),
        (
            {"rule": "vote", "of": ["calibrated_halving", {"rule": "calibrated_halving", "risk": 0.1}]},
            ["policy.strategy.of[1].rule: 'calibrated_halving' calibrates otherwise than one before it"],
        ),
        (
            {"rule": "sequence", "of": ["asha", "percentile"]},
            ["policy.strategy.of[0]: 'asha' has no condition, so those after it are never asked"],
        ),
        (
            {"rule": "sequence", "of": [{"rule": "asha", "until_step": 4}, {"rule": "asha", "until_step": 8}]},
            ["policy.strategy.of[1]: 'asha' is the last, so its condition leaves nobody to judge"],
        ),
        (
            {"rule": "sequence", "of": [{"rule": "asha", "action": "pause", "until_members": 8}, "percentile"]},
            [
                (
                    "policy.strategy.of[0].rule: 'asha' pauses trials that of[1] (percentile) would have to resume, "
                    "but that one resumes nobody"
                )
            ],
        ),
        (
            {
                "rule": "sequence",
                "of": [{"rule": "halving", "until_members": 8}, {"rule": "calibrated_halving", "action": "pause"}],
            },
            ["policy.strategy.of[0].rule: 'halving' pauses trials that of[1] (calibrated_halving) would"],
        ),
    ],
)
def test_what_cannot_work_is_refused_by_path_and_with_the_remedy(
    strategy: dict[str, object], problems: list[str]
) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.from_mapping({"looks": [2, 4], "strategy": strategy})

    found = [str(problem) for problem in caught.value.problems]
    assert len(found) == len(problems)
    assert all(one.startswith(start) for one, start in zip(found, problems, strict=True)), found


def test_members_that_pause_at_different_looks_may_be_of_any_kind() -> None:
    apart = (Member(rule=Halving(), until_step=4), Member(rule=OneShot(), until_step=8), Member(rule=CAREFUL))

    assert Sequence(of=apart).of == apart


def test_a_policy_hears_of_its_members_calibration_and_metrics() -> None:
    calibrated = CalibratedHalving(risk=0.3)
    policy = Policy(looks=(2,), strategy=vote(Asha(), calibrated, needed=1))

    assert policy.terms == calibrated.terms
    assert policy.metrics() == ()
    assert Policy(looks=(2,), strategy=vote(Asha(), Percentile())).terms is None
