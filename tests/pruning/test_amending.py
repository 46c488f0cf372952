"""Amending the policy in mid-study over the API: what was decided stands, shadow verdicts are rows, replays hold."""

from __future__ import annotations

from typing import Any

import pytest

from pruning.replay import replay
from pruning.verify import verify
from tests.pruning.studies import HORIZON, POLICY, a_study, an_attempt, events, falling, last_event, train
from tests.trials.api.conftest import Program, member
from trials.models import Study
from trials.seam import Action

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]
SPARING = {**POLICY, "safeguards": {"min_peers": 3, "control_every": 0}}


@pytest.fixture
def study() -> Study:
    """Four trials, each better than the one before: nothing was stopped yet."""
    study = a_study(policy=SPARING)
    for floor in (1.3, 1.2, 1.1, 1.0):
        train(an_attempt(study), falling(floor))
    return study


@pytest.fixture
def program(study: Study) -> Program:
    return Program(member(study.project, "edith", "editor"))


def amend(program: Program, study: Study, policy: Any, reason: str) -> tuple[int, Any]:
    plan = {
        "name": "a study",
        "objective": {"metric": "val_loss", "direction": "minimize"},
        "space": {"x": {"type": "float", "low": 0.0, "high": 1.0}},
        "budget": {"trials": 1000},
        "horizon": HORIZON,
        "seed": 7,
        "policy": policy,
    }
    return program.post(f"studies/{study.pk}/amend", {"plan": plan, "reason": reason})


def test_shadow_mode_stops_nothing_and_records_what_it_would_have_done(study: Study, program: Program) -> None:
    status, revision = amend(program, study, {**SPARING, "shadow": True}, "Watch it first.")
    shadowed = train(an_attempt(study), falling(3.0))
    rows = [row for row in events(study) if row.shadow]
    amend(program, study, SPARING, "It does well.")
    stopped = train(an_attempt(study), falling(3.5))

    assert (status, revision["number"], revision["author"]) == (200, 2, "edith")
    assert shadowed.action is Action.KEEP
    assert "STOP" in {row.verdict for row in rows}
    assert next(row for row in rows if row.verdict == "STOP").sentence.startswith("Would have been stopped at step 2")
    assert stopped.action is Action.STOP


def test_an_amendment_is_a_row_and_the_replay_follows_it(study: Study, program: Program) -> None:
    amend(program, study, {**SPARING, "strategy": {"rule": "percentile", "keep": 50}}, "Fewer.")
    row = last_event(study)
    train(an_attempt(study), falling(3.0))
    study.refresh_from_db()

    assert (row.kind, row.evidence["revision"]) == ("amended", 2)
    assert "Revision 2 took effect: Fewer." in row.sentence
    assert verify(study.uid).holds
    result = replay(study)
    assert result.holds, result.sentence()


def test_a_policy_that_cannot_work_is_refused_by_path_and_changes_nothing(study: Study, program: Program) -> None:
    n_rows = len(events(study))

    status, body = amend(
        program, study, {**SPARING, "strategy": {"rule": "asha", "eta": 1}, "looks": [4, 2]}, "Faster."
    )

    assert (status, body["code"]) == (400, "bad_plan")
    assert {problem["path"] for problem in body["problems"]} == {"policy.strategy.eta", "policy.looks[1]"}
    assert (study.revisions.count(), len(events(study))) == (1, n_rows)


def test_the_settings_of_another_tool_may_be_amended_in(study: Study, program: Program) -> None:
    settings = {"type": "hyperband", "min_iter": 2, "eta": 2}

    status, revision = amend(program, study, {"from": "wandb", "settings": settings}, "As in our sweeps.")

    assert (status, revision["looks"]) == (200, [2, 4, 8])
    assert last_event(study).evidence["policy"]["strategy"]["rule"] == "asha"
    assert last_event(study).evidence["not_carried_over"]
