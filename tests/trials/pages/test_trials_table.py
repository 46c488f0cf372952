"""The trials of a study as a table."""

import csv
import io

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.factories import Played
from trials.models import Trial
from trials.pages import trials_table
from trials.pages.trials_table import safe_cell


def url(played: Played, query: str = "") -> str:
    return f"{reverse('trials:trials_table', args=[played.study.pk])}?{query}"


def numbers(client: Client, address: str) -> list[int]:
    return [row.number for row in client.get(address).context["rows"]]


def test_rows_say_how_each_trial_stands(editor: Client, played: Played) -> None:
    rows = {row.number: row for row in editor.get(url(played)).context["rows"]}

    for trial in played.study.trials.all():
        row = rows[trial.number]
        assert row.ending.split(",")[0] == (trial.ending_code or trial.state.lower())
        assert row.params[1].text == str(trial.params["batch_size"])
    assert rows[played.diverged.number].kind == "risk"
    assert rows[played.diverged.number].why == "val_loss is not a number"
    stopped = next(trial for trial in played.study.trials.all() if trial.ending_code == "outpaced")
    assert rows[stopped.number].why.startswith("ranked ")
    assert rows[played.running.trial.number].spark is not None


def test_the_best_comes_first_and_what_has_no_value_last(editor: Client, played: Played) -> None:
    trials = list(played.study.trials.all())
    found = numbers(editor, url(played))

    best = {trial.number: trial.best_value if trial.value is None else trial.value for trial in trials}
    with_value = sorted((number for number in best if best[number] is not None), key=lambda n: (best[n], n))
    assert found == [*with_value, *sorted(number for number in best if best[number] is None)]
    assert found[0] == played.study.best_number


def test_pages_follow_each_other_without_gap_or_repeat(
    editor: Client, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    for sort in ("best", "-best", "number", "-number", "last", "-step", "param.batch_size"):
        whole = numbers(editor, url(played, f"sort={sort}"))
        with monkeypatch.context() as patch:
            patch.setattr(trials_table, "PAGE", 6)
            forth, last = turned(editor, url(played, f"sort={sort}"), "next_url")
            back, _ = turned(editor, last, "previous_url")

        assert [number for page in forth for number in page] == whole, sort
        assert [number for page in reversed(back) for number in page] == whole, sort
        assert len(whole) == played.study.trials.count()


def turned(client: Client, address: str, way: str) -> tuple[list[list[int]], str]:
    """Return the rows of every page from an address on, and the last address."""
    pages, last = [], address
    while address:
        context = client.get(address).context
        pages.append([row.number for row in context["rows"]])
        last, address = address, context[way]
    return pages, last


def test_chips_count_and_toggle(editor: Client, played: Played) -> None:
    chips = {chip.label: chip for chip in editor.get(url(played)).context["chips"]}

    outpaced = set(played.study.trials.filter(ending_code="outpaced").values_list("number", flat=True))
    assert chips["outpaced"].count == len(outpaced)
    assert set(numbers(editor, chips["outpaced"].url)) == outpaced
    both = next(chip for chip in editor.get(chips["outpaced"].url).context["chips"] if chip.label == "error")
    assert set(numbers(editor, both.url)) == outpaced | {played.failed.number}
    again = next(chip for chip in editor.get(chips["outpaced"].url).context["chips"] if chip.active)
    assert len(numbers(editor, again.url)) == played.study.trials.count()


def test_a_wrong_query_says_so_and_keeps_the_text(editor: Client, played: Played) -> None:
    response = editor.get(url(played, "q=best+%3C"))

    assert response.status_code == 200
    assert response.context["query"] == "best <"
    assert response.context["query_error"] == "At column 7, after <: expected a value."
    assert "At column 7" in response.content.decode()


def test_the_selection_is_carried_and_lettered(editor: Client, played: Played) -> None:
    context = editor.get(url(played, "sel=5,2,999&sort=number")).context

    assert [(one.letter, one.number) for one in context["selection"]] == [("A", 5), ("B", 2)]
    assert {row.letter: row.number for row in context["rows"] if row.letter} == {"A": 5, "B": 2}
    assert context["compare_url"].endswith("/compare/?sel=5,2,999")
    assert "sel=2,999" in context["selection"][0].remove_url
    assert "sel=" not in context["clear_url"]
    assert all("sel=5,2,999" in chip.url for chip in context["chips"])


def test_the_export_holds_what_the_query_asks_for(editor: Client, played: Played) -> None:
    address = f"{reverse('trials:trials_csv', args=[played.study.pk])}?q=ending+%3D+outpaced"

    response = editor.get(address)
    rows = list(csv.DictReader(io.StringIO(b"".join(response).decode())))

    expected = Trial.objects.filter(study=played.study, ending_code="outpaced").order_by("best_value")
    assert [int(row["trial"]) for row in rows] == [trial.number for trial in expected]
    assert [float(row["best"]) for row in rows] == [trial.best_value for trial in expected]
    assert rows[0]["optimizer"] in {"adamw", "adafactor"}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_no_exported_text_is_a_formula(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}"


def test_numbers_are_exported_as_they_are() -> None:
    assert safe_cell(-0.5) == -0.5
    assert safe_cell("plain") == "plain"


def test_a_maximised_study_lists_the_highest_first(editor: Client, played: Played) -> None:
    from trials.plan import Objective

    study = factories.a_study(
        played.study.project, name="up", objectives=(Objective(metric="val_loss", direction="maximize"),)
    )
    for floor in (0.3, 0.9, 0.6):
        factories.train(factories.an_attempt(study), floor, until=2)

    context = editor.get(reverse("trials:trials_table", args=[study.pk])).context
    values = [float(row.best) for row in context["rows"]]

    assert values == sorted(values, reverse=True)
    assert context["best_column"].sorted == "desc"
