"""A selection by a query: all that it finds, on every page, however many there are."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import Played
from tests.trials.importance.stored import a_searched_study
from trials.models import Project, Study
from trials.pages import selection
from trials.pages.selection import Selection
from trials.query import Catalogue, named

pytestmark = pytest.mark.django_db


def chosen(client: Client, study: Study, query: str, **more: str) -> dict[str, object]:
    answer = client.post(reverse("trials:select", args=[study.pk]), {"query": query, **more})
    assert answer.status_code == 200, answer.content
    return answer.json()  # type: ignore[no-any-return]


@pytest.fixture
def study(project: Project) -> Study:
    return a_searched_study(project, trials=80)


def test_few_trials_are_selected_by_their_numbers_the_best_first(editor: Client, played: Played) -> None:
    best = played.study.trials.filter(state="COMPLETE").order_by("value").values_list("number", flat=True)

    found = chosen(editor, played.study, "state = complete")

    assert found == {"sel": ",".join(map(str, best)), "n": len(best)}


def test_more_than_an_address_holds_are_selected_by_the_query(editor: Client, study: Study) -> None:
    assert chosen(editor, study, "number >= 10") == {"sel": "q:number >= 10", "n": 70}


def test_every_page_knows_the_trials_that_a_query_selects(editor: Client, study: Study) -> None:
    best = Selection.of_text(study, "q:number >= 10").compared
    for name in ("trials_table", "importance", "curves"):
        context = editor.get(reverse(f"trials:{name}", args=[study.pk]), {"sel": "q:number >= 10"}).context
        assert context["n_selected"] == 70
        assert context["selected_where"] == "number >= 10"
        assert [one.number for one in context["selection"]] == list(best)

    compared = editor.get(reverse("trials:compare", args=[study.pk]), {"sel": "q:number >= 10"}).context["columns"]
    assert [column.number for column in compared] == list(best)


def test_rows_beyond_the_numbers_kept_are_ticked_all_the_same(
    editor: Client, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "MOST_STORED", 5)
    url = reverse("trials:trials_table", args=[study.pk])

    context = editor.get(url, {"sel": "q:number >= 10", "sort": "number"}).context

    assert context["n_selected"] == 70
    assert [row.number for row in context["rows"] if not row.selected] == list(range(10))


def test_relations_tell_which_of_the_drawn_trials_are_selected(editor: Client, study: Study) -> None:
    url = reverse("trials:relations_json", args=[study.pk])

    assert editor.get(url, {"sel": "q:number >= 10"}).json()["chosen"] == list(range(10, 80))
    # Compared trials carry letters: the others need not fade.
    assert editor.get(url, {"sel": "3,4"}).json()["chosen"] is None


def test_curves_are_grouped_into_the_selected_and_the_others(editor: Client, played: Played) -> None:
    url = reverse("trials:curves_view_json", args=[played.study.pk])

    (panel,) = editor.get(url, {"sel": "q:state = complete", "group": "selection"}).json()["panels"]

    n = played.study.n_complete
    told = played.study.trials.filter(last_step__isnull=False).count()
    assert [(band["name"], band["n"]) for band in panel["bands"]] == [("selected", n), ("all others", told - n)]


def test_a_form_without_scripts_leads_back_to_its_page(editor: Client, played: Played) -> None:
    url = reverse("trials:select", args=[played.study.pk])

    answer = editor.post(url, {"query": "number = 3", "next": f"/studies/{played.study.pk}/halted/?down=lr&sel=1"})
    abroad = editor.post(url, {"query": "number = 3", "next": "//evil.example/"})

    assert answer["Location"] == f"/studies/{played.study.pk}/halted/?down=lr&sel=3"
    assert abroad["Location"].startswith(f"/studies/{played.study.pk}/trials/")


@pytest.mark.parametrize("text", ["q:", "q:lr <", "q:no_such_field = 1", "q:(" * 50])
def test_a_query_that_cannot_be_read_selects_nothing(editor: Client, played: Played, text: str) -> None:
    context = editor.get(reverse("trials:trials_table", args=[played.study.pk]), {"sel": text}).context

    assert context["n_selected"] == 0


def test_a_query_that_cannot_be_read_is_refused_by_name(editor: Client, played: Played) -> None:
    answer = editor.post(reverse("trials:select", args=[played.study.pk]), {"query": "lr <"})

    assert answer.status_code == 400
    assert "expected" in answer.content.decode()


def test_a_trial_taken_out_of_a_query_leaves_the_others(editor: Client, study: Study) -> None:
    answer = editor.post(reverse("trials:select", args=[study.pk]), {"sel": "q:number >= 10", "remove": "10"}).json()

    assert answer["n"] == 69
    assert answer["sel"].startswith("~")


def test_names_that_mean_something_else_in_a_query_are_quoted(played: Played) -> None:
    revision = played.study.newest_revision()
    catalogue = Catalogue(played.study, revision.parsed(), tuple(revision.looks))

    assert all(named(word) == f'"{word}"' for word in catalogue.own)
    assert named("learning_rate") == "learning_rate"
