"""Projects and their members on a page."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories
from trials.models import Membership, Project, Role


@pytest.fixture
def owner(project: Project) -> Client:
    client = Client()
    client.force_login(factories.a_person("olga", project, Role.OWNER))
    return client


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def page(project: Project) -> str:
    return reverse("trials:project", args=[project.pk])


def add(client: Client, project: Project, user: str, role: str) -> int:
    return client.post(reverse("trials:set_member", args=[project.pk]), {"user": user, "role": role}).status_code


def remove(client: Client, project: Project, name: str) -> int:
    person = User.objects.get(username=name)
    return client.post(reverse("trials:remove_member", args=[project.pk, person.pk])).status_code


def roles(project: Project) -> dict[str, str]:
    return dict(project.memberships.values_list("user__username", "role"))


def test_an_owner_lets_people_in_changes_them_and_takes_them_out(owner: Client, project: Project) -> None:
    factories.a_person("vera")

    assert add(owner, project, "vera", "viewer") == 302
    assert roles(project) == {"olga": "owner", "vera": "viewer"}
    assert add(owner, project, "vera", "editor") == 302
    assert roles(project)["vera"] == "editor"
    assert remove(owner, project, "vera") == 302
    assert roles(project) == {"olga": "owner"}


def test_the_last_owner_stays(owner: Client, project: Project) -> None:
    factories.a_person("vera", project, Role.EDITOR)

    answer = owner.post(reverse("trials:set_member", args=[project.pk]), {"user": "olga", "role": "viewer"})

    assert answer.status_code == 422
    assert "olga is the last owner of Text lab" in answer.content.decode()
    assert remove(owner, project, "olga") == 422
    assert roles(project) == {"olga": "owner", "vera": "editor"}
    add(owner, project, "vera", "owner")
    assert remove(owner, project, "olga") == 302
    assert roles(project) == {"vera": "owner"}
    assert owner.get(page(project)).status_code == 404


def test_a_wrong_name_or_role_keeps_what_was_typed(owner: Client, project: Project) -> None:
    url = reverse("trials:set_member", args=[project.pk])

    nobody = owner.post(url, {"user": "<b>nobody</b>", "role": "editor"})
    role = owner.post(url, {"user": "olga", "role": "king"})

    assert nobody.status_code == role.status_code == 422
    assert nobody.context["form"].user == "<b>nobody</b>"
    assert nobody.context["form"].role == "editor"
    assert "<b>nobody</b>" not in nobody.content.decode()
    assert "nobody here is called" in nobody.content.decode()
    assert "is none; choose" in role.content.decode()


def test_members_read_and_only_owners_change(
    owner: Client, editor: Client, viewer: Client, outsider: Client, project: Project
) -> None:
    for client in (owner, editor, viewer):
        assert client.get(page(project)).status_code == 200
    assert outsider.get(page(project)).status_code == 404
    for client, status in ((editor, 403), (viewer, 403), (outsider, 404), (Client(), 302)):
        assert add(client, project, "outsider", "viewer") == status
        assert remove(client, project, "viewer") == status
    assert "Let somebody in" not in editor.get(page(project)).content.decode()
    assert Membership.objects.filter(user__username="outsider").count() == 0


def test_somebody_who_is_no_member_cannot_be_removed(owner: Client, project: Project) -> None:
    factories.a_person("vera")

    assert remove(owner, project, "vera") == 404


def test_an_administrator_makes_a_project_and_owns_it(admin: Client, owner: Client) -> None:
    answer = admin.post("/projects/", {"name": "Vision lab", "slug": "vision-lab"})

    made = Project.objects.get(slug="vision-lab")
    assert answer.headers["Location"] == page(made)
    assert roles(made) == {"root": "owner"}
    assert owner.post("/projects/", {"name": "x", "slug": "x"}).status_code == 403
    taken = admin.post("/projects/", {"name": "Other", "slug": "vision-lab"})
    odd = admin.post("/projects/", {"name": "<i>", "slug": "a b!"})
    assert taken.status_code == odd.status_code == 422
    assert taken.context["form"].field == "slug"
    assert (odd.context["form"].name, odd.context["form"].slug) == ("<i>", "a b!")


def test_the_lists_show_what_a_person_may_see(owner: Client, outsider: Client, project: Project) -> None:
    factories.a_study(project, name="<b>study</b>")
    factories.a_project("vision-lab", "Vision lab")

    rows = owner.get("/projects/").context["rows"]

    assert [(row.name, row.role, row.members, row.studies, row.running) for row in rows] == [
        ("Text lab", "owner", 1, 1, 1)
    ]
    assert outsider.get("/projects/").context["rows"] == []
    html = owner.get(page(project)).content.decode()
    assert "<b>study</b>" not in html
    assert "study" in html


def test_queries_do_not_grow_with_projects_members_or_studies(admin: Client, project: Project) -> None:
    def count(url: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            admin.get(url)
        return len(queries)

    before = count("/projects/"), count(page(project))
    for place in range(4):
        other = factories.a_project(f"lab-{place}", f"Lab {place}")
        factories.a_person(f"person {place}", project, Role.VIEWER)
        factories.a_study(other)
        factories.a_study(project, name=f"study {place}")

    assert (count("/projects/"), count(page(project))) == before
    assert max(before) <= 9
