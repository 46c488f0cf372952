"""What was halted: the page's counts are the ledger's, its links find the trials, and thin evidence is owned up to."""

from collections import Counter
from itertools import pairwise

import pytest
from django.test import Client

from pruning.halting import halting_of
from pruning.models import PruningEvent
from tests import factories
from tests.factories import Played
from trials.models import Project, Study

pytestmark = pytest.mark.django_db


def page_of(client: Client, study: Study) -> str:
    return client.get(f"/studies/{study.pk}/halted/").content.decode()


def test_the_page_counts_what_rules_have_stopped(editor: Client, played: Played) -> None:
    study = played.study
    stopped = study.trials.filter(state="PRUNED").exclude(ending_motive="").count()
    ended = stopped + study.trials.filter(state="COMPLETE").count()

    page = page_of(editor, study)

    assert f"{stopped} of {ended}" in page
    assert stopped > 0
    for reason in study.trials.filter(state="PRUNED").values_list("ending_code", flat=True):
        assert reason.replace("_", " ") in page


def test_the_figures_hold_every_ended_trial(editor: Client, played: Played) -> None:
    data = editor.get(f"/studies/{played.study.pk}/halted.json").json()

    ended = played.study.n_complete + played.study.trials.filter(state="PRUNED").exclude(ending_motive="").count()
    assert data["n_ended"] == ended
    for one in data["parameters"]:
        assert sum(map(sum, one["counts"])) == ended
    assert (
        sum(sum(group["counts"].values()) for group in data["groups"]) == played.study.n_trials - played.study.n_waiting
    )


def test_a_bars_query_finds_its_trials(editor: Client, played: Played) -> None:
    study = played.study
    data = editor.get(f"/studies/{study.pk}/halted.json").json()

    for one in data["parameters"]:
        for place, query in enumerate(one["queries"]):
            finished = one["counts"][0][place] + one["counts"][1][place]
            answer = editor.get(
                f"/studies/{study.pk}/trials.csv", {"q": " and ".join(filter(None, [query, "state = complete"]))}
            )
            assert len(answer.getvalue().decode().strip().splitlines()) - 1 == finished, (one["name"], query)


def test_bars_of_whole_numbers_begin_and_end_at_values(editor: Client, played: Played) -> None:
    data = editor.get(f"/studies/{played.study.pk}/halted.json").json()

    (one,) = (parameter for parameter in data["parameters"] if parameter["name"] == "batch_size")
    ends = [tuple(map(int, text.split(" to "))) for text in one["bins"]]
    assert (ends[0][0], ends[-1][1]) == (8, 64)
    assert all(later[0] == earlier[1] + 1 for earlier, later in pairwise(ends))
    assert one["queries"][1] == f"batch_size >= {ends[1][0]} and batch_size < {ends[2][0]}"
    assert one["ticks"][0] == [0.5, one["bins"][0].replace(" to ", "–")]


def test_a_grid_counts_over_the_two_parameters_asked_for(editor: Client, played: Played) -> None:
    study = played.study
    names = [parameter.name for parameter in study.plan().space]
    data = editor.get(f"/studies/{study.pk}/halted-grid.json", {"across": names[1], "down": names[0]}).json()

    assert (data["across"]["name"], data["down"]["name"]) == (names[1], names[0])
    halting = halting_of(study, study.plan().space)
    assert sum(map(sum, data["stopped"])) == halting.outcomes.stopped.sum()


def test_parameters_that_do_not_exist_are_replaced_by_the_studys(editor: Client, played: Played) -> None:
    study = played.study
    names = [parameter.name for parameter in study.plan().space]

    data = editor.get(f"/studies/{study.pk}/halted-grid.json?across=nothing&down=<b>").json()

    assert data["across"]["name"] in names
    assert data["across"]["name"] != data["down"]["name"]


def test_stops_by_reason_and_by_rule_are_the_ledgers_and_select_their_trials(editor: Client, played: Played) -> None:
    study = played.study
    page = editor.get(f"/studies/{study.pk}/halted/")
    said = PruningEvent.objects.of_study(study).filter(verdict="STOP")
    stopped = study.trials.filter(state="PRUNED").exclude(ending_motive="")
    in_ledger = {
        "reasons": Counter(said.values_list("reason", flat=True)),
        "rules": Counter(said.values_list("rule", flat=True)),
    }

    assert len(in_ledger["rules"]) > 1
    for table, counted in in_ledger.items():
        rows = page.context[table]
        assert {row.name: int(row.stopped) for row in rows} == {
            name.replace("_", " "): n for name, n in counted.items()
        }
        assert sum(row.share for row in rows) == pytest.approx(1)
        for row in rows:
            answer = editor.post(
                f"/studies/{study.pk}/selection/", {"query": row.query}, headers={"Accept": "application/json"}
            )
            found = {int(one) for one in answer.json()["sel"].split(",")}
            field = "reason" if table == "reasons" else "rule"
            told = said.filter(**{field: row.name}).values_list("trial_number", flat=True)
            assert found == set(told) <= set(stopped.values_list("number", flat=True))


def test_spared_trials_are_those_that_the_control_arm_protected(editor: Client, played: Played) -> None:
    study = played.study
    halting = halting_of(study, study.plan().space)
    spared = {int(number) for number in halting.outcomes.number[halting.outcomes.spared]}

    complete = set(study.trials.filter(state="COMPLETE").values_list("number", flat=True))
    assert spared == set(halting.spared_for) & complete


def test_a_study_of_which_nothing_ended_says_so(editor: Client, project: Project) -> None:
    page = page_of(editor, factories.a_study(project, name="fresh"))

    assert "No trial has ended yet." in page
    assert "data-chart" not in page


def test_charts_answer_304_while_nothing_changed(editor: Client, played: Played) -> None:
    for name in ("halted.json", "halted-grid.json"):
        first = editor.get(f"/studies/{played.study.pk}/{name}")
        again = editor.get(f"/studies/{played.study.pk}/{name}", headers={"If-None-Match": first["ETag"]})
        assert again.status_code == 304


def test_hostile_names_stay_text(editor: Client, project: Project) -> None:
    page = page_of(editor, factories.a_hostile_study(project))

    assert "<script>alert" not in page
    assert "<b>lr</b>" not in page


def test_queries_do_not_grow_with_trials(editor: Client, played: Played, django_assert_max_num_queries: object) -> None:
    with django_assert_max_num_queries(40):  # type: ignore[operator]
        page_of(editor, played.study)
