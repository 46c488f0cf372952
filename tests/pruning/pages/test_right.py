"""The block "Was that right?" of the audit page, and the same as data."""

import json

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pruning.judgement.brier import Uttered, brier
from pruning.pages import right
from pruning.reckoning import chances_in, reckon
from tests.pruning.studies import a_played_study
from trials.models import Attempt, Study, Trial

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]

CONTROLLED = {
    "looks": [2, 4, 8],
    "gates": [{"rule": "divergence"}],
    "strategy": {"rule": "asha", "eta": 2},
    "safeguards": {"min_peers": 2, "control_every": 3, "best_k": 2},
}
RISING = [0.4 + 0.1 * place for place in range(15)]


@pytest.fixture
def judging(settings) -> None:  # type: ignore[no-untyped-def]  # pytest-django's settings
    settings.TRIAL_REVIEWER = "pruning.review.LedgerReviewer"
    settings.TRIAL_PAGE_PROVIDER = "pruning.provider.LedgerProvider"


def played(**changes: object) -> Study:
    return a_played_study(RISING, policy={**CONTROLLED, **changes})


def facts(study: Study) -> dict[str, tuple[str, str, str]]:
    return {fact.label: (fact.value, fact.after, fact.help) for fact in right.of(study).facts}


def test_the_block_says_the_share_with_its_interval_and_what_it_limits() -> None:
    study = played()
    found = reckon(study)
    n = found.judgement.best_k.known

    said = facts(study)

    assert n >= 3
    assert said["Ended among the best 2"][0] == f"0 of {n}"
    assert said["Beat the best of the others"][2].startswith(f"of {found.n_stopped} stopped trials at most ")
    assert said["Drift"] == ("unknown", "", "it is looked for at calibrations, and there was none")


def test_savings_are_those_of_the_stopped_trials_by_rule_and_motive() -> None:
    study = played()
    Trial.objects.filter(study=study).update(slot_seconds=0.0)
    Trial.objects.filter(study=study, state="PRUNED").update(slot_seconds=7200.0, steps_trained=2)
    stopped = Trial.objects.filter(study=study, state="PRUNED")

    block = right.of(study)
    (rule, motive) = block.rows

    assert sum(16 - (trial.ending_step or 0) for trial in stopped) == study.steps_saved
    assert (rule.name, rule.trials, rule.steps) == ("asha", str(stopped.count()), f"{study.steps_saved:,}")
    assert rule.hours == f"{study.steps_saved:,.1f}"
    assert (motive.kind, motive.steps) == ("speed", rule.steps)


def test_a_part_on_gpus_is_told_apart() -> None:
    study = played()
    Trial.objects.filter(study=study, state="PRUNED").update(slot_seconds=7200.0, steps_trained=2)
    assert facts(study)["Slot hours saved"][1] == "none on GPUs"

    Attempt.objects.filter(trial__study=study).update(device="cuda:0")
    Study.objects.filter(pk=study.pk).update(version=study.version + 1)
    study.refresh_from_db()

    assert facts(study)["Slot hours saved"][1] == f"{study.steps_saved:,.1f} on GPUs"


def test_without_a_control_arm_it_is_unknown() -> None:
    study = played(safeguards={"min_peers": 2, "control_every": 0})

    said = facts(study)

    assert said["Ended among the best 5"][0] == "unknown"
    assert said["Ended among the best 5"][2] == "No evidence yet: no control trial met a cut."
    assert {row.wrong for row in right.of(study).rows if not row.kind} == {"unknown"}


def test_the_audit_page_shows_the_block(admin_client: Client) -> None:
    study = played()

    page = admin_client.get(reverse("pruning:audit", args=[study.pk])).content.decode()

    assert "Was that right?" in page
    assert "Steps saved" in page
    assert "style=" not in page.partition('id="right"')[2].partition("</details>")[0]


def test_the_reckoning_costs_the_same_queries_whatever_the_number_of_trials() -> None:
    def queries(study: Study) -> int:
        study.refresh_from_db()
        Study.objects.filter(pk=study.pk).update(version=study.version + 1)
        study.refresh_from_db()
        with CaptureQueriesContext(connection) as caught:
            reckon(study)
        return len(caught)

    small = a_played_study(RISING[:6], policy=CONTROLLED)
    reckon(small)
    n_small = queries(small)
    large = a_played_study(RISING, policy=CONTROLLED, name="a larger one")
    reckon(large)

    assert queries(large) == n_small


def test_the_command_prints_the_same_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    study = played()
    found = reckon(study)

    call_command("ledger", "judge", study.name)

    said = json.loads(capsys.readouterr().out)
    assert said["study"] == study.name
    assert said["best_k"]["known"] == found.judgement.best_k.known
    assert said["best_k"]["high"] == found.judgement.best_k.high
    assert said["saved"]["total"]["steps"] == study.steps_saved
    assert said["pooled"] is None


def test_the_chances_of_all_members_of_a_composition_are_found() -> None:
    stated = {"probability": 0.2, "probability_of": "best_k", "k": 5}
    other = {"probability": 0.9, "probability_of": "something else", "k": 5}

    assert list(chances_in({"members": [stated, other], "rank": 3})) == [(0.2, 5)]
    assert list(chances_in(stated)) == [(0.2, 5)]


def test_chances_are_scored_where_the_end_is_known() -> None:
    strategy = {"rule": "posterior"}
    study = played(strategy=strategy)
    ends = {trial.number: trial.value for trial in Trial.objects.filter(study=study, state="COMPLETE")}
    ranked = sorted(ends, key=lambda number: (ends[number], number))
    expected = []
    from pruning.models import PruningEvent

    for row in PruningEvent.objects.of_study(study).verdicts().order_by("sequence"):
        for chance, k in chances_in(row.evidence):
            if row.trial_number in ends:
                expected.append(Uttered(chance, row.trial_number in ranked[:k]))

    assert expected
    assert reckon(study).best_k == brier(expected)
