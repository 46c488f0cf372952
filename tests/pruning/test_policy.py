import math

import pytest

from pruning.policy import Policy
from pruning.rules.asha import Asha
from pruning.rules.base import Curve, Draw, Kind
from pruning.rules.divergence import Divergence
from pruning.rules.settings import PolicyError
from pruning.rules.threshold import Threshold
from pruning.safeguards import Safeguards
from tests.pruning.builders import HORIZON, LOOKS, alone, at_look, curve

WORST_OF_SIX = [1.0, 2.0, 3.0, 4.0, 5.0]
MEMBER = Draw(suggestion=13, every=10, place=3)


def policy(**safeguards: object) -> Policy:
    return Policy(
        looks=LOOKS,
        gates=(Divergence(),),
        strategy=Asha(),
        safeguards=Safeguards(**safeguards),  # type: ignore[arg-type]
    )


def test_the_strategy_stops_a_trial_outside_the_quota() -> None:
    verdict = policy().judge(at_look(9.0, WORST_OF_SIX))

    assert (verdict.kind, verdict.rule, verdict.reason, verdict.motive) == (Kind.STOP, "asha", "outpaced", "speed")
    assert verdict.sentence() == "Stopped at step 2: val_loss 9.0000 ranks 6 of 6; the best 2 go on (cut 2.0000)."


def test_between_decision_points_only_gates_speak() -> None:
    assert policy().judge(alone(9.0, 8.0, 7.0)).kind is Kind.KEEP
    assert policy().judge(alone(9.0, 8.0, math.nan)).reason == "diverged"


def test_too_few_peers_give_no_verdict() -> None:
    verdict = policy().judge(at_look(9.0, [1.0, 2.0, 3.0]))

    assert (verdict.kind, verdict.reason) == (Kind.ABSTAIN, "few_peers")
    assert verdict.sentence() == "No verdict at step 2: only 3 of 5 peers have reached it."


def test_a_gate_wins_over_the_strategy_which_concurs() -> None:
    verdict = policy().judge(at_look(math.nan, WORST_OF_SIX))

    assert (verdict.kind, verdict.rule) == (Kind.STOP, "divergence")
    assert [said["rule"] for said in verdict.evidence["concurring"]] == ["asha"]  # type: ignore[attr-defined]


def test_a_control_trial_is_spared_and_says_from_what() -> None:
    verdict = policy().judge(at_look(9.0, WORST_OF_SIX, draw=MEMBER))

    assert (verdict.kind, verdict.reason, verdict.motive) == (Kind.PROTECT, "control", "speed")
    assert verdict.evidence["overruled"] == "STOP"
    assert verdict.evidence["draw"] == {"suggestion": 13, "every": 10, "place": 3}
    assert verdict.sentence() == (
        "Spared at step 2: val_loss 9.0000 ranks 6 of 6; the best 2 go on (cut 2.0000), but it is in the control arm."
    )


def test_a_trial_whose_place_was_not_drawn_is_no_control() -> None:
    assert policy().judge(at_look(9.0, WORST_OF_SIX, draw=Draw(suggestion=14, every=10, place=3))).kind is Kind.STOP


def test_a_control_trial_that_runs_away_is_spared_but_not_one_without_a_number() -> None:
    away = alone(4.0, 3.0, 2.5, 2.2, 2.1, 2.05, 10.0, 12.0, 15.0, draw=MEMBER)

    assert policy().judge(away).kind is Kind.PROTECT
    assert policy().judge(alone(1.0, math.nan, draw=MEMBER)).kind is Kind.STOP


def test_a_gate_that_goes_on_speaking_against_a_spared_trial_is_heard_once() -> None:
    values = [4.0, 3.0, 2.5, 2.2, 2.1, 2.05, 10.0, 12.0, 15.0, 18.0, 22.0]

    heard = [policy().is_alarmed(alone(*values[:n], draw=MEMBER)) for n in range(1, len(values) + 1)]
    of_others = [policy().is_alarmed(alone(*values[:n])) for n in range(1, len(values) + 1)]

    assert heard == [False] * 8 + [True, False, False]
    assert of_others == [False] * 8 + [True] * 3


def test_a_pinned_trial_is_spared() -> None:
    assert policy().judge(at_look(9.0, WORST_OF_SIX, is_pinned=True)).reason == "pinned"


@pytest.mark.parametrize(
    ("safeguards", "facts", "code", "addition"),
    [
        ({"grace": 2}, {}, "grace", "but it is in its grace period, up to step 2."),
        ({"patience": 2}, {}, "patience", "but this is bad look 1 in a row and the policy waits for 2."),
        ({"near_end": 0.1}, {}, "near_end", "but it is near its end at step 16."),
        ({"top_k": 6}, {}, "incumbent", "but it is among the best 6 here."),
        (
            {"min_improvement": 0.5},
            {"curve": Curve.of([1, 2], [11.0, 9.0])},
            "patience",
            "but it improved by 2.0000 since step 0 (0.5000 asked).",
        ),
    ],
)
def test_a_safeguard_spares_and_names_its_numbers(
    safeguards: dict[str, object], facts: dict[str, object], code: str, addition: str
) -> None:
    verdict = policy(**safeguards).judge(at_look(9.0, WORST_OF_SIX, **facts))  # type: ignore[arg-type]

    assert (verdict.kind, verdict.reason) == (Kind.PROTECT, code)
    assert verdict.sentence().endswith(addition)


@pytest.mark.parametrize(
    ("safeguards", "facts"),
    [
        ({"grace": 1}, {}),
        ({"patience": 2}, {"bad_looks": 1}),
        ({"near_end": 0.5}, {}),
        ({"min_improvement": 0.5}, {"curve": Curve.of([1, 2], [9.25, 9.0])}),
    ],
)
def test_a_safeguard_that_does_not_hold_lets_the_stop_stand(
    safeguards: dict[str, object], facts: dict[str, object]
) -> None:
    assert policy(**safeguards).judge(at_look(9.0, WORST_OF_SIX, **facts)).kind is Kind.STOP  # type: ignore[arg-type]


def test_another_safeguard_speaks_before_the_control_arm() -> None:
    assert policy(patience=2).judge(at_look(9.0, WORST_OF_SIX, draw=MEMBER)).reason == "patience"


def test_a_warning_is_given_once_while_it_lasts() -> None:
    warned = Policy(gates=(Threshold(upper=2.0, action="warn"),))

    assert warned.judge(alone(1.0, 3.0)).kind is Kind.WARN
    assert warned.judge(alone(1.0, 3.0, 3.5)).kind is Kind.KEEP


def test_shadow_mode_records_and_says_would() -> None:
    verdict = Policy(looks=LOOKS, strategy=Asha(), shadow=True).judge(at_look(9.0, WORST_OF_SIX))

    assert verdict.shadow
    assert verdict.sentence().startswith("Would have been stopped at step 2: ")


def test_an_alarm_needs_no_peers() -> None:
    assert policy().is_alarmed(alone(1.0, math.nan))
    assert not policy().is_alarmed(alone(3.0, 2.0))


def test_a_policy_survives_a_round_trip() -> None:
    read = Policy.from_mapping(
        {
            "looks": [2048, 6144],
            "gates": [{"rule": "divergence"}],
            "strategy": {"rule": "asha", "eta": 3},
            "safeguards": {"min_peers": 5, "control_every": 10, "patience": 1, "grace": 0},
        }
    )

    again = Policy.from_mapping(read.to_mapping())
    assert again == read
    assert again.fingerprint == read.fingerprint
    assert read.grid(horizon=12288) == (2048, 6144)


def test_any_other_setting_gives_another_fingerprint() -> None:
    assert policy(patience=2).fingerprint != policy(patience=3).fingerprint


def test_the_fingerprint_is_the_same_tomorrow() -> None:
    assert Policy().fingerprint == Policy().fingerprint
    assert len(Policy().fingerprint) == 64


@pytest.mark.parametrize("name", ["safe", "balanced", "fast", "off"])
def test_presets_are_policies(name: str) -> None:
    assert Policy.from_mapping(name).name == name
    assert Policy.from_mapping(name).description


def test_a_preset_can_be_varied() -> None:
    varied = Policy.from_mapping({"preset": "fast", "safeguards": {"min_peers": 3}})

    assert (varied.safeguards.min_peers, varied.safeguards.control_every) == (3, 50)


PROBLEMS = [
    ("typo", {"strategy": {"rule": "asah"}}, "policy.strategy.rule: unknown rule 'asah'; did you mean 'asha'?"),
    ("unknown setting", {"strategy": {"rule": "asha", "etta": 3}}, "policy.strategy.etta: unknown setting 'etta'"),
    ("eta", {"strategy": {"rule": "asha", "eta": 1}}, "policy.strategy.eta: 1.0 is not above 1"),
    ("type", {"strategy": {"rule": "asha", "eta": "3"}}, "policy.strategy.eta: '3' is not a number"),
    ("order", {"looks": [4, 2]}, "policy.looks[1]: 2 does not come after 4"),
    ("look type", {"looks": [4, "8"]}, "policy.looks[1]: '8' is not a whole number"),
    ("too many", {"looks": list(range(1, 66))}, "policy.looks: 65 looks: at most 64"),
    ("no list", {"looks": "often"}, "policy.looks: 'often' is neither a list"),
    ("factor", {"looks": {"first": 1, "factor": 1}}, "policy.looks.factor: 1.0 is not above 1"),
    ("section", {"gate": []}, "policy.gate: unknown section 'gate'; did you mean 'gates'?"),
    ("gate list", {"gates": {"rule": "divergence"}}, "policy.gates: "),
    ("gate in strategy", {"strategy": "divergence"}, "policy.strategy.rule: unknown rule 'divergence'"),
    ("safeguard", {"safeguards": {"control": 5}}, "policy.safeguards.control: unknown setting 'control'"),
    ("every trial", {"safeguards": {"control_every": 1}}, "policy.safeguards.control_every: 1 puts every trial"),
    ("preset", "quick", "policy: unknown preset 'quick'"),
    ("nonsense", 5, "policy: 5 is neither a mapping"),
    ("shadow", {"shadow": "yes"}, "policy.shadow: 'yes' is not true or false"),
]


@pytest.mark.parametrize(("data", "message"), [row[1:] for row in PROBLEMS], ids=[row[0] for row in PROBLEMS])
def test_a_wrong_policy_is_refused_by_path_and_with_the_remedy(data: object, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.from_mapping(data)

    assert str(caught.value).startswith(message)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.from_mapping({"looks": [4, 2], "strategy": {"rule": "asha", "eta": 0}, "extra": 1})

    assert {problem.path for problem in caught.value.problems} == {
        "policy.extra",
        "policy.looks[1]",
        "policy.strategy.eta",
    }


def test_looks_must_fit_the_study() -> None:
    chosen = Policy(looks=(2, 40), strategy=Asha(), gates=(Threshold(metric="valloss", upper=1.0),))

    found = chosen.problems(horizon=HORIZON, report_steps=[1, 3, 40], metrics=["val_loss"])

    assert [str(problem) for problem in found] == [
        "policy.looks[0]: nothing is reported at step 2: use 1, the nearest report",
        "policy.looks[1]: 40 is not below the planned length 16: nothing is left to save there",
        "policy.gates[0]: unknown metric 'valloss'; did you mean 'val_loss'?",
    ]


def test_spaced_looks_move_to_the_next_report() -> None:
    chosen = Policy.from_mapping({"looks": {"first": 10, "factor": 3}, "strategy": "asha"})

    assert chosen.grid(horizon=100) == (10, 30, 90)
    assert chosen.grid(horizon=100, report_steps=[25, 50, 75, 100]) == (25, 50)


def test_a_curve_needs_one_value_per_step() -> None:
    with pytest.raises(ValueError, match="2 steps but 1 values"):
        Curve.of([1, 2], [3.0])


def test_facts_before_a_report_are_those_of_the_previous_one() -> None:
    facts = alone(3.0, 2.0, 1.0, others={"train_loss": curve(3.0, 2.0, 1.0)})

    assert facts.before().value == 2.0
    assert facts.before().others["train_loss"].steps.tolist() == [1, 2]
