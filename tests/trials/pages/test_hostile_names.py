"""Names are shown as text, whatever they are."""

from django.test import Client
from django.urls import reverse

from tests import factories
from trials.models import Project


def test_no_page_carries_a_name_unescaped(editor: Client, project: Project) -> None:
    study = factories.a_hostile_study(project)
    names = ("overview", "trials_table", "importance", "plan", "compare")
    pages = ["/", *(f"{reverse(f'trials:{name}', args=[study.pk])}?sel=0,1,5" for name in names)]
    pages += [reverse("trials:trial", args=[study.pk, number]) for number in (0, 5)]
    pages += [reverse("pruning:audit", args=[study.pk]), reverse("pruning:event", args=[study.pk, 1])]

    for page in pages:
        html = editor.get(page).content.decode()
        assert "<script>alert" not in html, page
        assert "<img src=x" not in html, page
        assert "<i>a</i>" not in html, page
        assert "<b>lr</b>" not in html, page
        assert "alert(" in html, page


def test_every_study_is_listed_under_its_own_name(editor: Client, project: Project) -> None:
    factories.a_hostile_study(project)

    names = {row.name for row in editor.get("/").context["rows"]}

    assert set(factories.HOSTILE_NAMES[1:]) <= names


def test_chart_data_carry_names_as_text(editor: Client, project: Project) -> None:
    study = factories.a_hostile_study(project)

    response = editor.get(reverse("trials:curves_json", args=[study.pk]))

    assert response["Content-Type"] == "application/json"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response.json()["objective"] == study.metric
