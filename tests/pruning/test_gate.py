"""The safety gate before a launch: what a policy would have done to past studies, and whether that forbids it."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from pruning import advising, cards, gate
from pruning.advising import forecast_of
from pruning.library.playing import CARD_POLICIES
from pruning.models import StudyCard
from tests.factories import a_person
from tests.pruning.ended import FLOORS, a_late_study, a_plain_study, carded, ended
from tests.pruning.studies import NOW, a_plan, a_played_study
from trials import studies
from trials.models import Project, Study
from trials.plan import Plan
from trials.seam import Gate
from trials.studies import GateClosed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging", "quick")]

HALVING: Mapping[str, object] = {
    "looks": [2, 4, 8],
    "strategy": {"rule": "asha", "eta": 3},
    "safeguards": {"min_peers": 2, "top_k": 0, "control_every": 0},
}
PLAN = """
name: the next one
objective: {{metric: val_loss, direction: minimize}}
space: {{x: {{type: float, low: 0.0, high: 1.0}}}}
budget: {{trials: 5}}
horizon: 16
policy:
  looks: [2, 4, 8]
  strategy: {{rule: asha, eta: 3}}
  safeguards: {{min_peers: 2, top_k: 0, control_every: 0}}
  safety_gate: {gate}
"""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Play few orders, where ten would tell no more, and forget what an earlier test played."""
    known = {name: CARD_POLICIES[name] for name in ("fast", "safe, stopping", "balanced, stopping")}
    monkeypatch.setattr(cards, "ORDERS", 1)
    monkeypatch.setattr(cards, "makers", lambda own: known)
    monkeypatch.setattr(gate, "ORDERS", 3)
    gate._task.cache_clear()


def a_next_plan(mode: object = "warn", **changes: object) -> Plan:
    return a_plan(**{"name": "the next one", "policy": {**HALVING, "safety_gate": mode}, **changes})


def lab() -> Project:
    return Project.objects.get(slug="lab")


def test_on_studies_whose_early_order_holds_it_is_told_what_would_have_been_saved() -> None:
    carded(*(a_plain_study(f"plain {n}") for n in range(3)))
    found = forecast_of(a_next_plan(), user=None)

    assert not found.is_exceeded
    assert found.lost == 0
    assert found.saved is not None
    assert found.saved > 0.2
    assert found.sentence.startswith("On the 3 most similar past studies this policy would have saved")
    assert found.doubt.startswith("From 3 studies replayed just now (9 random orders in all).")
    assert [one.source for one in found.studies] == ["replay"] * 3
    assert (
        found.studies[0].url == Study.objects.get(name=found.studies[0].name.removesuffix(" (lab)")).get_absolute_url()
    )


def test_where_past_winners_came_late_it_warns_with_the_numbers_and_the_remedy() -> None:
    carded(*(a_late_study(f"late {n}") for n in range(3)))
    found = forecast_of(a_next_plan(), user=None)

    assert found.is_exceeded
    assert not found.blocks
    assert found.lost is not None
    assert found.lost > 0.4
    assert "more often than the 20 % that the plan accepts" in found.sentence
    assert "safety_gate: {mode: warn, risk: " in found.remedy


def test_the_plan_may_have_it_block() -> None:
    carded(*(a_late_study(f"late {n}") for n in range(3)))
    plan = a_next_plan("block")

    with pytest.raises(GateClosed, match=r"(?s)policy\.safety_gate: On the 3 most similar .* or let it warn only"):
        studies.pass_gate(plan, project=lab(), user=None)


def test_a_refusal_names_the_studies_their_winners_and_where_those_would_have_been_stopped() -> None:
    carded(*(a_late_study(f"late {n}") for n in range(3)))

    with pytest.raises(GateClosed) as refused:
        studies.pass_gate(a_next_plan("block"), project=lab(), user=None)

    told = str(refused.value).splitlines()
    assert len(told) == 5
    assert (
        "  late 1 (lab): the best trial lost in 100 % of 3 replays. Trial 0, the best of 7, would have been " in told[2]
    )
    assert told[2].endswith("stopped in 3 of the 3 replays that drew it, mostly at step 2 of 16.")
    assert "ranks" in refused.value.gate.studies[1].winner_verdict


def test_ended_studies_that_wait_for_their_card_are_named() -> None:
    a_late_study("late")

    assert (
        "1 ended study was not asked: cards of studies that have just ended"
        in forecast_of(a_next_plan("block"), user=None).doubt
    )


def test_a_study_that_was_pruned_hard_is_too_thin_to_judge_and_blocks_nothing() -> None:
    carded(ended(a_played_study(FLOORS, name="pruned")))
    found = forecast_of(a_next_plan("block"), user=None)

    assert found.finding == "thin"
    assert not found.blocks
    assert found.lost is None
    assert found.lost_bounds is not None
    assert found.lost_bounds[0] < 0.2 < found.lost_bounds[1]
    assert "which is too little to judge by and blocks nothing" in found.sentence
    assert studies.pass_gate(a_next_plan("block"), project=lab(), user=None) == found


def test_a_study_that_was_pruned_with_a_large_control_arm_is_judged_by_it() -> None:
    every_second = {**HALVING, "safeguards": {"min_peers": 2, "top_k": 0, "control_every": 2}}
    carded(ended(a_played_study(FLOORS * 2, name="pruned", policy=every_second)))
    found = forecast_of(a_next_plan("block"), user=None)

    assert found.studies[0].control == 7
    assert "stopped ones counted as estimated from 7 complete curves" in found.studies[0].sentence
    assert "the best of 14 as recorded," in found.studies[0].winner
    assert found.studies[0].likely_lost is not None
    assert found.lost_interval is not None
    assert "7 complete curves that no rule chose" in found.doubt


def test_a_higher_accepted_risk_opens_it() -> None:
    carded(*(a_late_study(f"late {n}") for n in range(2)))
    plan = a_next_plan({"mode": "block", "risk": 0.99})

    assert not studies.pass_gate(plan, project=lab(), user=None).is_exceeded


def test_off_asks_nothing(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with django_assert_num_queries(0):
        assert forecast_of(a_next_plan("off"), user=None) == Gate()


def test_without_past_studies_nothing_is_known_and_nothing_blocked() -> None:
    found = forecast_of(a_next_plan("block"), user=None)

    assert not found.blocks
    assert found.lost is None
    assert found.sentence.startswith("No past study is similar enough to say what this policy would save and lose")


def test_studies_that_are_unlike_say_nothing() -> None:
    carded(a_late_study("late"))
    found = forecast_of(
        a_next_plan("block", horizon=1600, policy={"strategy": {"rule": "asha"}}, tags=("audio",)), user=None
    )

    assert found.studies == ()


def test_one_study_is_little_evidence_and_says_so() -> None:
    carded(a_plain_study("plain"))

    assert "1 study is little evidence about the next one." in forecast_of(a_next_plan(), user=None).doubt


def test_looks_are_carried_to_the_same_shares_of_shorter_curves() -> None:
    carded(*(a_plain_study(f"plain {n}") for n in range(3)))
    longer = {**HALVING, "looks": [4, 8, 16]}
    found = forecast_of(a_plan(policy=longer, horizon=32), user=None)

    assert found.saved == forecast_of(a_next_plan(), user=None).saved


def test_what_curves_cannot_tell_is_left_out_and_named() -> None:
    carded(a_plain_study("plain"))
    policy = {**HALVING, "gates": [{"rule": "overfitting"}], "safeguards": {"stops_per_hour": 3, "control_every": 0}}
    found = forecast_of(a_plan(policy=policy), user=None)

    assert found.lost is not None
    assert "do not tell them: the gate overfitting, the safeguard stops_per_hour." in found.doubt


def test_spent_time_is_said_and_leaves_what_was_played(monkeypatch: pytest.MonkeyPatch) -> None:
    carded(*(a_plain_study(f"plain {n}") for n in range(2)))
    ticks = iter(range(1000))
    monkeypatch.setattr("pruning.gate.time.thread_time", lambda: float(next(ticks)))
    found = forecast_of(a_next_plan(), user=None)

    assert "The replay was capped at 5 s of computing: 3 of 6 replays were played." in found.doubt
    assert found.lost is not None


def test_with_no_time_at_all_the_cards_own_figures_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    carded(*(a_plain_study(f"plain {n}") for n in range(3)))
    monkeypatch.setattr(gate, "SECONDS", -1.0)
    found = forecast_of(a_plan(policy="fast"), user=None)

    assert [one.source for one in found.studies] == ["library"] * 3
    assert found.doubt.startswith("From figures that 3 cards of the library hold.")


def test_a_preset_is_known_to_the_starter_library() -> None:
    plan = a_plan(policy="fast", horizon=50, tags=("text", "classification", "rnn"), step_unit="evaluation index")
    found = forecast_of(plan, user=None)

    assert found.studies
    assert {one.source for one in found.studies} == {"library"}
    assert found.studies[0].name.startswith("taskset__")


def test_nobody_is_told_of_studies_they_may_not_see() -> None:
    study = a_late_study("secret")
    carded(study)
    member, stranger = a_person("ada", study.project), a_person("bob")

    assert [one.name for one in forecast_of(a_next_plan(), user=member).studies] == ["secret (lab)"]
    assert forecast_of(a_next_plan(), user=stranger).studies == ()


def test_what_was_played_is_remembered_and_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    carded(a_plain_study("plain"))
    first = forecast_of(a_next_plan(), user=None)
    monkeypatch.setattr("pruning.backtest.cells.simulate", None)

    assert forecast_of(a_next_plan(), user=None) == first


def test_a_card_whose_curves_have_gone_is_passed_over() -> None:
    study = a_plain_study("plain")
    carded(study)
    study.trials.update(state="FAILED", ending_code="error")
    gate._task.cache_clear()

    assert forecast_of(a_next_plan(), user=None).lost is None
    assert StudyCard.objects.count() == 1


@pytest.mark.parametrize(
    ("written", "risk"),
    [("balanced", 0.2), ("safe", 0.05), ("fast", 0.2), ({"preset": "safe", "safety_gate": {"risk": 0.4}}, 0.4)],
)
def test_the_accepted_risk_is_the_gates_or_the_dials_or_a_fifth(written: object, risk: float) -> None:
    assert forecast_of(a_plan(policy=written), user=None).risk == risk


def test_the_command_prints_the_forecast_and_launches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    carded(*(a_late_study(f"late {n}") for n in range(3)))
    call_command("launch", written(tmp_path, "warn"), "--project", "lab")
    told = capsys.readouterr().out

    assert "lost the best trial in" in told
    assert "Launched study" in told


def test_the_command_refuses_a_launch_that_the_gate_blocks_and_creates_nothing(tmp_path: Path) -> None:
    carded(*(a_late_study(f"late {n}") for n in range(3)))

    with pytest.raises(CommandError, match=r"policy\.safety_gate: On the 3 most similar"):
        call_command("launch", written(tmp_path, "block"), "--project", "lab")
    assert not Study.objects.filter(name="the next one").exists()


def written(folder: Path, mode: str) -> str:
    path = folder / "plan.yaml"
    path.write_text(PLAN.format(gate=mode), encoding="utf-8")
    return str(path)


@pytest.fixture
def editor(client: Client) -> Client:
    carded(*(a_late_study(f"late {n}") for n in range(3)))
    client.force_login(a_person("ada", lab()))
    return client


def test_the_api_answers_a_launch_with_the_forecast(editor: Client) -> None:
    body = {"project": "lab", "plan": PLAN.format(gate="warn")}
    response = editor.post("/api/v1/studies", body, content_type="application/json")

    assert response.status_code == 201
    assert response.json()["gate"]["is_exceeded"] is True
    assert response.json()["gate"]["blocks"] is False
    assert len(response.json()["gate"]["studies"]) == 3


def test_the_api_refuses_a_launch_that_the_gate_blocks(editor: Client) -> None:
    body = {"project": "lab", "plan": PLAN.format(gate="block")}
    response = editor.post("/api/v1/studies", body, content_type="application/json")

    assert response.status_code == 409
    assert response.json()["code"] == "gate_closed"
    assert "let it warn only" in response.json()["detail"]
    assert response.json()["gate"]["lost"] > 0.4
    assert not Study.objects.filter(name="the next one").exists()


def test_the_api_tells_a_forecast_without_launching(editor: Client) -> None:
    body = {"project": "lab", "plan": PLAN.format(gate="block")}
    response = editor.post("/api/v1/forecast", body, content_type="application/json")

    assert response.status_code == 200
    assert response.json()["gate"]["blocks"] is True
    assert response.json()["advice"]["suggestions"]
    assert not Study.objects.filter(name="the next one").exists()


def test_the_api_names_a_gate_that_cannot_be_meant(editor: Client) -> None:
    body = {"project": "lab", "plan": PLAN.format(gate="maybe")}
    response = editor.post("/api/v1/forecast", body, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["problems"][0]["path"] == "policy.safety_gate"
    assert "'maybe' is not one of warn, block, off" in response.json()["detail"]


def test_advice_names_the_default_where_fewer_than_three_studies_are_near() -> None:
    carded(*(a_plain_study(f"plain {n}") for n in range(2)))
    found = advising.advice_for(a_next_plan(), user=None)

    assert [one.name for one in found.suggestions] == ["balanced"]
    assert found.suggestions[0].is_default
    assert found.sentence == "The default: 2 studies are similar enough, and 3 are needed to tell policies apart."


def test_advice_ranks_policies_by_what_they_did_on_three_studies_or_more() -> None:
    carded(*(a_plain_study(f"plain {n}") for n in range(3)))
    found = advising.advice_for(a_next_plan(), user=None)

    assert {one.name for one in found.suggestions} == {"safe", "balanced", "fast"}
    assert all(one.n_studies == 3 and one.distance is not None for one in found.suggestions)
    assert "ranked by regret and compute" in found.sentence
    assert "On 3 similar studies (mean distance" in found.suggestions[0].sentence


def test_what_is_suggested_can_be_written_into_the_plan() -> None:
    carded(*(a_plain_study(f"plain {n}") for n in range(3)))

    for one in advising.advice_for(a_next_plan(), user=None).suggestions:
        launched = studies.launch(
            a_plan(name=f"with {one.name}", policy=one.policy), project=lab(), user=None, source="", at=NOW
        )
        assert launched.newest_revision().looks
