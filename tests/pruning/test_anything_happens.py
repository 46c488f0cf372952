"""Whatever happens in whatever order, the ledger verifies, replays, and decides no rung of a trial twice."""

from __future__ import annotations

import math
import random
from collections import Counter
from itertools import pairwise

import pytest

from pruning.models import PruningEvent
from pruning.replay import replay
from pruning.verify import verify
from tests.pruning.studies import HORIZON, POLICY, a_plan, a_study, an_attempt, events, tell
from trials import endings
from trials.models import Attempt, Study, Trial
from trials.plan import Budget
from trials.running.advancing import advance
from trials.running.claims import claim
from trials.studies import AmendmentRefused, amend

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]

POLICIES = {
    "asha": {**POLICY, "safeguards": {"min_peers": 2, "control_every": 4, "patience": 2}},
    "promoting": {
        **POLICY,
        "strategy": {"rule": "asha", "eta": 2, "action": "pause"},
        "safeguards": {"min_peers": 2, "control_every": 4},
    },
    "guarded": {
        "looks": [2, 4, 8],
        "gates": [{"rule": "divergence"}, {"rule": "resources", "min_peers": 1}],
        "strategy": {"rule": "asha", "eta": 2},
        "safeguards": {
            "min_peers": 2,
            "control_every": 4,
            "confidence": 1.0,
            "noise": 0.05,
            "diversity": 0.05,
            "stops_per_hour": 8,
        },
    },
    "pausing": {
        "looks": [2, 4, 8],
        "gates": [{"rule": "divergence"}, {"rule": "plateau", "reports": 3, "share": 0.0}],
        "strategy": {
            "rule": "calibrated_halving",
            "action": "pause",
            "risk": 0.5,
            "min_members": 3,
            "wait": 3,
            "min_keep": 1,
            "min_pairs": 0,
            "min_pairs_jump": 0,
        },
        "safeguards": {"min_peers": 1, "control_every": 5},
    },
    "forecasting": {
        **POLICY,
        "strategy": {"rule": "posterior", "in_a_row": 1, "min_reports": 2, "min_ended": 3, "alpha": 0.3},
        "safeguards": {"min_peers": 1, "control_every": 5},
    },
    "bandit": {
        **POLICY,
        "strategy": {"rule": "bandit", "action": "pause", "margin": 1, "min_ended": 3},
        "safeguards": {"min_peers": 1, "control_every": 5},
    },
    "drawing": {
        **POLICY,
        "strategy": {"rule": "bandit", "action": "pause", "index": "thompson", "min_ended": 3},
        "safeguards": {"min_peers": 1, "control_every": 5},
    },
}


EXPECTED = {
    "asha": {"STOP"},
    "guarded": {"STOP"},
    "promoting": {"PAUSE"},
    "pausing": {"PAUSE", "RESUME", "calibrated"},
    "forecasting": {"STOP"},
    "bandit": {"PAUSE"},
    "drawing": {"PAUSE", "RESUME"},
}


class Chaos:
    """A study to which things happen at random."""

    def __init__(self, study: Study, dice: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
        self.study, self.dice = study, dice
        self.live: list[Attempt] = []
        self.floors: dict[int, float] = {}
        monkeypatch.setattr("trials.running.doorbell.ring_all", lambda times=1: None)
        monkeypatch.setattr("trials.running.doorbell.ask_for_suggestions", lambda study_id: None)

    def happen(self) -> None:
        """Let one thing happen."""
        if len(self.live) < 3:
            self.start()
            return
        things = [self.report] * 14 + [self.crash, self.stop_one, self.pin, self.fail, self.change_plan]
        self.dice.choice(things)()
        advance(self.study, at=self.study.created_at)

    def start(self) -> None:
        attempt = claim(None, at=self.study.created_at, claimed_by="tester", study=self.study)
        attempt = attempt or an_attempt(self.study, pinned=self.dice.random() < 0.1)
        Attempt.objects.filter(pk=attempt.pk).update(resumed_from=self.checkpoint(attempt.trial))
        endings.rewind(attempt.trial, self.checkpoint(attempt.trial))
        attempt.refresh_from_db()
        self.floors.setdefault(attempt.trial_id, self.dice.uniform(0.5, 3.0))
        self.live.append(attempt)

    def checkpoint(self, trial: Trial) -> int:
        """Return the step a resumed trial begins at: at times two steps behind what it had told, as after a crash."""
        trial.refresh_from_db()
        paused = PruningEvent.objects.of_study(self.study).of_trial(trial.number).filter(verdict="RESUME").last()
        last = trial.last_step or 0
        return last if paused and paused.step == last else max(0, last - 2)

    def report(self) -> None:
        attempt = self.dice.choice(self.live)
        trial = Trial.objects.get(pk=attempt.trial_id)
        step = (trial.last_step or 0) + self.dice.choice([1, 1, 2, 3])
        if step >= HORIZON:
            endings.complete(attempt, at=self.study.created_at)
            self.live.remove(attempt)
            return
        noise = self.dice.gauss(0, 0.05)
        value = math.nan if self.dice.random() < 0.02 else self.floors[trial.pk] + 2 * math.exp(-0.3 * step) + noise
        if tell(attempt, step, value).action.halts:
            self.live.remove(attempt)

    def crash(self) -> None:
        attempt = self.live.pop(self.dice.randrange(len(self.live)))
        endings.requeue(attempt, outcome="worker_lost", sentence="Lost.", at=self.study.created_at)

    def fail(self) -> None:
        attempt = self.live.pop(self.dice.randrange(len(self.live)))
        endings.fail(attempt, code="error", sentence="It raised.", at=self.study.created_at)

    def stop_one(self) -> None:
        open_trials = list(self.study.trials.exclude(state__in=Trial.ENDED).order_by("number"))
        endings.stop_by_person(self.dice.choice(open_trials), person="robin", note="", at=self.study.created_at)

    def pin(self) -> None:
        trial = Trial.objects.get(pk=self.dice.choice(self.live).trial_id)
        endings.pin(trial, pinned=not trial.pinned, person="robin", note="", at=self.study.created_at)

    def change_plan(self) -> None:
        policy = dict(self.study.revisions.latest("number").plan["policy"])
        policy["safeguards"] = {**policy["safeguards"], "min_peers": self.dice.randrange(1, 6)}
        plan = a_plan(policy=policy, budget=Budget(trials=1000))
        try:
            amend(self.study, plan, reason="Try it.", user=None, at=self.study.created_at)
        except AmendmentRefused:
            return


@pytest.mark.parametrize("name", sorted(POLICIES))
@pytest.mark.parametrize("seed", [1, 2])
def test_a_study_to_which_anything_happens_verifies_and_replays(
    name: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = a_study(policy=POLICIES[name])
    chaos = Chaos(study, random.Random(seed), monkeypatch)

    for _ in range(160):
        chaos.happen()
    study.refresh_from_db()

    found = verify(study.uid)
    assert found.holds, found.sentence()
    assert found.n_rows == study.sequence
    again = replay(study)
    assert again.holds, again.sentence()
    assert again.n_near == 0
    assert_no_rung_is_decided_twice(events(study))
    happened = {row.verdict or row.kind for row in events(study)}
    assert happened >= {"ABSTAIN", "KEEP", "PROTECT", "amended", "ended", "intervened"}
    assert happened >= EXPECTED[name]


def assert_no_rung_is_decided_twice(rows: list[PruningEvent]) -> None:
    """Fail if a trial was judged twice at one look, other than by the RESUME that follows its PAUSE."""
    decided = [row for row in rows if row.kind == "verdict" and row.step in {2, 4, 8} and row.rule != "divergence"]
    decided = [row for row in decided if not row.shadow]  # what would have been done to a control trial is no decision
    judged = [row for row in decided if row.verdict not in {"RESUME", "WARN"}]
    assert judged
    twice = [place for place, n in Counter((row.trial_number, row.step) for row in judged).items() if n > 1]
    assert twice == []
    for number in {row.trial_number for row in decided}:
        mine = [row for row in decided if row.trial_number == number]
        for earlier, later in pairwise(mine):
            assert (earlier.verdict == "PAUSE") == (later.verdict == "RESUME")
