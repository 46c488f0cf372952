"""Views of a page that people keep."""

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.factories import Played
from trials.models import SavedView

SHOWN = "q=state+%3D+pruned&sort=-best&col=tag&col=best"


def post(client: Client, played: Played, **data: str) -> str:
    address = reverse("trials:views", args=[played.study.pk])
    return client.post(address, {"page": "trials", **data}, follow=True).content.decode()


def table(played: Played, query: str = "") -> str:
    return f"{reverse('trials:trials_table', args=[played.study.pk])}?{query}"


@pytest.fixture
def saved(editor: Client, played: Played) -> SavedView:
    post(editor, played, action="save", name="Stopped ones", address=f"{SHOWN}&sel=1,2&after=k3,4&x=1")
    return SavedView.objects.get()


def test_a_view_keeps_query_order_and_columns_and_nothing_else(saved: SavedView) -> None:
    assert saved.address == SHOWN
    assert (saved.name, saved.shared, saved.is_default) == ("Stopped ones", False, False)


def test_opening_it_shows_what_it_keeps(editor: Client, played: Played, saved: SavedView) -> None:
    link = editor.get(table(played)).context["views"][0]

    context = editor.get(link.url).context

    assert context["query"] == "state = pruned"
    assert [column.label for column in context["columns"]] == ["Tags", "val_loss best"]
    assert context["active_view"].key == saved.pk
    assert context["view_is_changed"] is False
    assert editor.get(f"{link.url}&sort=number").context["active_view"].key == saved.pk


def test_the_default_opens_a_bare_address_only(editor: Client, played: Played, saved: SavedView) -> None:
    post(editor, played, action="default", view=str(saved.pk))

    bare = editor.get(table(played, "sel=1"))
    without = editor.get(table(played, "view=0"))

    assert bare.status_code == 302
    assert SHOWN in bare["Location"]
    assert bare["Location"].endswith(f"view={saved.pk}&sel=1")
    assert without.status_code == 200
    assert without.context["query"] == ""
    assert editor.get(table(played, "q=state+%3D+running")).status_code == 200


def test_one_default_follows_another(editor: Client, played: Played, saved: SavedView) -> None:
    post(editor, played, action="save", name="Another", address="sort=number")
    another = SavedView.objects.get(name="Another")

    post(editor, played, action="default", view=str(saved.pk))
    post(editor, played, action="default", view=str(another.pk))

    assert list(SavedView.objects.filter(is_default=True)) == [another]


def test_it_is_renamed_saved_over_and_deleted(editor: Client, played: Played, saved: SavedView) -> None:
    post(editor, played, action="rename", view=str(saved.pk), name="  <b>Mine</b>  ")
    post(editor, played, action="update", view=str(saved.pk), address="sort=number")
    saved.refresh_from_db()
    assert (saved.name, saved.address) == ("<b>Mine</b>", "sort=number")

    page = editor.get(table(played)).content.decode()
    assert "<b>Mine</b>" not in page
    assert "&lt;b&gt;Mine&lt;/b&gt;" in page

    post(editor, played, action="delete", view=str(saved.pk))
    assert not SavedView.objects.exists()


def test_two_views_of_one_person_do_not_share_a_name(editor: Client, played: Played, saved: SavedView) -> None:
    post(editor, played, action="save", name="Another", address="sort=number")
    another = SavedView.objects.get(name="Another")

    said = post(editor, played, action="rename", view=str(another.pk), name="Stopped ones")

    another.refresh_from_db()
    assert another.name == "Another"
    assert "You have a view called" in said


def test_a_shared_view_is_opened_by_members_and_changed_by_its_owner(
    editor: Client, viewer: Client, played: Played, saved: SavedView
) -> None:
    assert viewer.get(table(played)).context["views"] == []

    post(editor, played, action="share", view=str(saved.pk))
    links = viewer.get(table(played)).context["views"]

    assert [(link.name, link.owner, link.mine) for link in links] == [("Stopped ones", "editor", False)]
    assert viewer.get(links[0].url).context["query"] == "state = pruned"
    address = reverse("trials:views", args=[played.study.pk])
    assert viewer.post(address, {"page": "trials", "action": "delete", "view": saved.pk}).status_code == 404
    assert SavedView.objects.exists()


def test_a_shared_view_fits_other_studies_of_the_project(editor: Client, played: Played, saved: SavedView) -> None:
    from trials.space import Float, Space

    other = factories.a_study(
        played.study.project, name="other", space=Space((Float(name="x", low=0.0, high=1.0),)), defaults=None
    )
    address = reverse("trials:trials_table", args=[other.pk])
    view = {"q": "learning_rate > 1", "col": ["dropout", "best"], "view": str(saved.pk)}

    context = editor.get(address, view).context

    # What the other study does not have is left out, or said.
    assert [column.label for column in context["columns"]] == ["val_loss best"]
    assert context["query_error"].startswith("At column 1: expected a field")


def test_outsiders_have_no_part_in_it(outsider: Client, played: Played) -> None:
    address = reverse("trials:views", args=[played.study.pk])

    assert outsider.post(address, {"page": "trials", "action": "save", "name": "x"}).status_code == 404


@pytest.mark.parametrize("data", [{"page": "x"}, {"page": "trials", "action": "save", "name": ""}, {"page": "trials"}])
def test_nothing_is_saved_of_a_form_that_says_nothing(editor: Client, played: Played, data: dict[str, str]) -> None:
    response = editor.post(reverse("trials:views", args=[played.study.pk]), data)

    assert response.status_code in {302, 400, 404}
    assert not SavedView.objects.exists()


def test_the_page_of_curves_keeps_views_of_its_own(editor: Client, played: Played) -> None:
    views, curves = (reverse(f"trials:{name}", args=[played.study.pk]) for name in ("views", "curves"))
    data = {"page": "curves", "action": "save", "name": "By time", "address": "x=seconds&ys=log&sel=1&q=state"}

    saved = editor.post(views, data)
    view = SavedView.objects.get()
    editor.post(views, {"page": "curves", "action": "default", "view": view.pk})
    opened = editor.get(curves)

    assert view.address == "x=seconds&ys=log"
    assert saved["Location"] == f"{curves}?x=seconds&ys=log&view={view.pk}"
    assert opened["Location"] == saved["Location"]
    assert editor.get(opened["Location"]).context["active_view"].name == "By time"
    assert editor.get(table(played)).context["views"] == []
