"""The trials of a study as a table."""

import csv
import io
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories
from tests.factories import Played
from trials import tags
from trials.models import MetricSummary, Observation, StoredSelection, Trial
from trials.pages import trials_table
from trials.pages.parts import TrialCell
from trials.pages.table_export import safe_cell


def url(played: Played, query: str = "") -> str:
    return f"{reverse('trials:trials_table', args=[played.study.pk])}?{query}"


def numbers(client: Client, address: str) -> list[int]:
    return [row.number for row in client.get(address).context["rows"]]


def cells(client: Client, address: str) -> dict[int, dict[str, TrialCell]]:
    """Return the cells of every row by the heading of their column."""
    context = client.get(address).context
    labels = [column.label for column in context["columns"]]
    return {row.number: dict(zip(labels, row.cells, strict=True)) for row in context["rows"]}


def test_rows_say_how_each_trial_stands(editor: Client, played: Played) -> None:
    context = editor.get(url(played)).context
    labels = [column.label for column in context["columns"]]
    rows = {row.number: dict(zip(labels, row.cells, strict=True)) for row in context["rows"]}

    assert labels[:6] == ["Ending", "Step", "Why", "val_loss best", "last", "Curve"]
    for trial in played.study.trials.all():
        row = rows[trial.number]
        assert row["Ending"].text.split(",")[0] == (trial.ending_code or trial.state.lower())
        assert row["batch_size"].text == str(trial.params["batch_size"])
    assert rows[played.diverged.number]["Ending"].kind == "risk"
    assert rows[played.diverged.number]["Why"].text == "val_loss is not a number"
    stopped = next(trial for trial in played.study.trials.all() if trial.ending_code == "outpaced")
    assert rows[stopped.number]["Why"].text.startswith("ranked ")
    assert rows[played.running.trial.number]["Curve"].spark is not None


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
    sorts = ("best", "-best", "number", "-number", "last", "-step", "batch_size", "-param.learning_rate", "ended")
    for sort in (
        *sorts,
        "-ended",
        "ending",
        "-state",
        "val_loss@8",
        "-train_loss.max",
        "optimizer",
        "pinned",
        "worker",
    ):
        whole = numbers(editor, url(played, f"sort={sort}"))
        with monkeypatch.context() as patch:
            patch.setattr(trials_table, "PAGE", 6)
            forth, last = turned(editor, url(played, f"sort={sort}"), "next_url")
            back, _ = turned(editor, last, "previous_url")
            jumped = editor.get(url(played, f"sort={sort}&last=1")).context

        assert [number for page in forth for number in page] == whole, sort
        assert [number for page in reversed(back) for number in page] == whole, sort
        assert len(whole) == played.study.trials.count()
        assert [row.number for row in jumped["rows"]] == whole[-6:], sort
        assert not jumped["next_url"]


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
    assert response.context["rows"] == []
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
    best = next(column for column in context["columns"] if column.label == "val_loss best")
    place = context["columns"].index(best)
    values = [float(row.cells[place].text) for row in context["rows"]]

    assert values == sorted(values, reverse=True)
    assert best.sorted == "desc"


def test_chosen_columns_are_shown_in_their_order_and_carried(editor: Client, played: Played) -> None:
    query = "col=tag&col=val_loss%408&col=train_loss.max&col=optimizer&col=nonsense&col=ended&col=note&col=worker"
    tags.add(played.study, ["baseline"], trials=[played.failed], person="robin", at=factories.NOW)

    context = editor.get(url(played, query)).context
    rows = cells(editor, url(played, query))

    labels = [column.label for column in context["columns"]]
    assert labels == ["Tags", "val_loss@8", "train_loss.max", "optimizer", "Ended", "Note", "Worker"]
    assert rows[played.failed.number]["Tags"].tags == ("baseline",)
    seen = Observation.objects.filter(study=played.study, step=8).select_related("trial")
    for observation in seen:
        assert rows[observation.trial.number]["val_loss@8"].text == f"{observation.value:.4f}"
    told = MetricSummary.objects.filter(study=played.study, metric="train_loss", high_value__isnull=False)
    for summary in told.select_related("trial"):
        assert float(rows[summary.trial.number]["train_loss.max"].text) == pytest.approx(summary.high_value, abs=1e-4)
    assert "col=tag" in context["columns"][1].url
    shown = [choice.name for group in context["choices"] for choice in group.choices if choice.shown]
    assert set(shown) == {"tag", "val_loss@8", "train_loss.max", "optimizer", "ended", "note", "worker"}


def test_every_column_there_is_can_be_shown(editor: Client, played: Played) -> None:
    groups = editor.get(url(played)).context["choices"]
    names = [choice.name for group in groups for choice in group.choices]

    response = editor.get(url(played), {"col": names})

    assert len(response.context["columns"]) == len(names)
    assert all(len(row.cells) == len(names) for row in response.context["rows"])


def test_the_table_costs_the_same_however_many_trials_it_lists(editor: Client, played: Played) -> None:
    address = url(played, "q=learning_rate+%3E+1e-9&col=tag&col=worker&col=val_loss%408&col=train_loss.max&col=why")

    def queries() -> int:
        editor.get(address)
        with CaptureQueriesContext(connection) as found:
            editor.get(address)
        return len(found)

    before = queries()
    for _ in range(12):
        factories.train(factories.an_attempt(played.study), 0.7, until=2)

    # Session, person, study and role; revision, policy, preparation; the rows and their columns; chips, views, tags.
    assert queries() == before <= 34


def test_selecting_all_that_a_query_finds_keeps_their_order(editor: Client, played: Played) -> None:
    found = numbers(editor, url(played, "q=state+%3D+pruned"))

    response = editor.post(reverse("trials:select", args=[played.study.pk]), {"q": "state = pruned"})

    assert response.status_code == 302
    assert f"sel={','.join(map(str, found))}" in response["Location"]


def test_a_selection_too_long_for_an_address_is_stored_once(editor: Client, played: Played) -> None:
    select = reverse("trials:select", args=[played.study.pk])
    many = ",".join(map(str, range(60)))

    first = editor.post(select, {"sel": "", "add": many}).json()["sel"]
    again = editor.post(select, {"sel": "", "add": many}).json()["sel"]
    fewer = editor.post(select, {"sel": first, "remove": "3"}).json()["sel"]
    short = editor.post(select, {"sel": first, "remove": ",".join(map(str, range(20)))}).json()["sel"]

    assert first == again == f"~{StoredSelection.objects.earliest('pk').pk}"
    assert StoredSelection.objects.get(pk=int(fewer[1:])).numbers == [n for n in range(60) if n != 3]
    assert short == ",".join(map(str, range(20, 60)))
    context = editor.get(url(played, f"sel={first}")).context
    assert context["n_selected"] == 60
    assert all(row.selected for row in context["rows"] if row.number < 60)
    assert len(context["selection"]) <= 12


def test_a_stored_selection_of_another_study_is_not_seen(editor: Client, played: Played) -> None:
    other = factories.a_study(played.study.project, name="another")
    sel = editor.post(reverse("trials:select", args=[other.pk]), {"add": ",".join(map(str, range(60)))}).json()["sel"]

    assert editor.get(url(played, f"sel={sel}")).context["n_selected"] == 0


def test_parquet_holds_typed_columns(editor: Client, played: Played) -> None:
    pyarrow_parquet = pytest.importorskip("pyarrow.parquet")

    response = editor.get(reverse("trials:trials_parquet", args=[played.study.pk]), {"col": ["best", "optimizer"]})
    table = pyarrow_parquet.read_table(io.BytesIO(response.content))

    assert table.column_names == ["number", "state", "ending", "motive", "best", "optimizer"]
    assert table.num_rows == played.study.trials.count()
    assert str(table.schema.field("best").type) == "double"


def test_parquet_without_its_extra_says_what_to_install(
    editor: Client, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)

    response = editor.get(reverse("trials:trials_parquet", args=[played.study.pk]))

    assert response.status_code == 501
    assert "pip install 'espalier[parquet]'" in response.content.decode()


def test_the_completion_is_answered_as_data(editor: Client, played: Played) -> None:
    address = reverse("trials:complete_query", args=[played.study.pk])

    answer = editor.get(address, {"q": "state = pru", "at": "11"}).json()

    assert (answer["start"], answer["end"], answer["waiting"]) == (8, 11, "a value")
    assert [offer["insert"] for offer in answer["offers"]] == ["pruned"]
    assert editor.get(address, {"q": "x" * 5000, "at": "-1"}).status_code == 200


def test_the_table_is_read_from_indexes(editor: Client, played: Played) -> None:
    with CaptureQueriesContext(connection) as queries:
        for sort in ("best", "-ended", "learning_rate", "train_loss.max", "val_loss@8"):
            editor.get(url(played, f"sort={sort}&q=state+%3D+pruned"))
    asked = [q["sql"] for q in queries.captured_queries if re.search(r"ORDER BY .* LIMIT 51", q["sql"])]

    assert len(asked) >= 5
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for sql in asked:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                plan = " | ".join(row[3] for row in cursor.fetchall())
                assert "SCAN" not in plan, plan


@pytest.mark.parametrize(
    "query",
    [
        "sort=best&after=kNaN,3",
        "sort=best&after=k1e999,3",
        "sort=number&after=k1e300,1",
        "sort=ended&after=kfoo,3",
        "sort=ended&after=k2026-01-01,3",
        "sort=pinned&after=kmaybe,3",
        "sort=best&before=n,999999999999999999",
        "sort=best&before=k1,99999999999999999999999",
        "sort=tag&after=kx,1",
        "sel=~99999999999999999999",
        "col=val_loss%4099999999999999999999999",
        "view=x&ending=%F0%9F%99%82",
    ],
)
def test_a_mangled_address_is_answered_with_a_page(editor: Client, played: Played, query: str) -> None:
    assert editor.get(url(played, query)).status_code == 200
