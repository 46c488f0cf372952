"""Drift found in a study that runs: a ledger row, what follows from it, and its replay."""

import pytest

from pruning.judgement import drift
from pruning.models import PruningEvent
from pruning.replay import replay
from pruning.verify import verify
from tests.pruning.studies import a_study, an_attempt, events, tell
from trials.models import Observation, Study

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging", "small_windows")]


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for drift among few trials."""
    monkeypatch.setattr(drift, "WINDOW", 6)
    monkeypatch.setattr(drift, "FEWEST", 3)


def tied(setting: str, n: int = 22) -> Study:
    """Play a study whose trials all tell the same value at their first look."""
    strategy = {"rule": "calibrated_halving", "min_pairs": 0, "min_pairs_jump": 0, "drift": setting, "risk": 0.5}
    policy = {"looks": [2, 4], "strategy": strategy, "safeguards": {"min_peers": 0, "control_every": 0}}
    study = a_study(policy=policy)
    for _ in range(n):
        tell(an_attempt(study), 2, 1.0)
    study.refresh_from_db()
    return study


def findings(study: Study) -> list[PruningEvent]:
    return [row for row in events(study) if row.kind == "drifted"]


def test_drift_is_a_row_of_the_ledger_told_once_and_replayed() -> None:
    study = tied("warn")

    (row,) = findings(study)

    assert (row.rule, row.reason) == ("calibrated_halving", "drift")
    assert {(one["sign"], one["step"]) for one in row.evidence["signs"]} == {("ties", 2)}
    assert row.sentence.startswith(f"Drift at calibration {row.evidence['calibration']}: ")
    assert row.sentence.endswith("Nothing is changed.")
    assert verify(study.uid).holds
    result = replay(study)
    assert result.holds, result.sentence()
    assert result.n_near == 0


def test_a_policy_that_widens_judges_under_wider_terms_from_there_on() -> None:
    study = tied("widen")
    (row,) = findings(study)

    lcbs = {
        (event.sequence > row.sequence, event.evidence["lcb"])
        for event in events(study)
        if event.rule == "calibrated_halving" and event.kind == "verdict" and "lcb" in event.evidence
    }

    assert lcbs == {(False, 1.0), (True, 2.0)}
    versions = [event.evidence["calibration"]["version"] for event in events(study) if event.kind == "calibrated"]
    assert versions == list(range(1, len(versions) + 1))
    assert replay(study).holds, replay(study).sentence()


def test_off_records_nothing() -> None:
    assert findings(tied("off", n=14)) == []


def test_altering_an_observation_is_found_at_the_finding_that_saw_it() -> None:
    study = tied("warn")
    (row,) = findings(study)
    first = Observation.objects.filter(study=study).order_by("sequence").first()
    assert first is not None
    Observation.objects.filter(pk=first.pk).update(value=0.5, best=0.5)

    assert row.sequence in {one.sequence for one in replay(study).differences}


def test_an_observation_after_the_finding_does_not_touch_it() -> None:
    study = tied("warn")
    (row,) = findings(study)
    last = Observation.objects.filter(study=study).order_by("-sequence").first()
    assert last is not None
    assert last.sequence > row.sequence
    Observation.objects.filter(pk=last.pk).update(value=0.5, best=0.5)

    assert row.sequence not in {one.sequence for one in replay(study).differences}
