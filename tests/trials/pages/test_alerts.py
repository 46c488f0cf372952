"""The page of alerts: set by a form, tested with a button, and nothing secret shown again."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests import factories
from tests.trials.alerts.servers import a_web_server
from trials.alerts.delivering import deliver_due
from trials.models import Alert, Delivery, Project

PAGE = "/alerts/"
CHOSEN = {
    "name": "the team's channel",
    "whose": "me",
    "channel": "webhook",
    "target": "https://93.184.216.34/services/T0/KEY",
    "secret": "between us",
    "kinds": ["study_ended", "drift"],
}


@pytest.fixture
def owner(project: Project) -> Client:
    client = Client()
    client.force_login(factories.a_person("owner", project, "owner"))
    return client


def shown(client: Client) -> str:
    return client.get(PAGE).content.decode()


def test_a_page_without_alerts_says_so(viewer: Client) -> None:
    page = shown(viewer)

    assert "Nobody is told yet" in page
    assert "No message has been sent yet." in page


def test_an_alert_is_added_and_its_secrets_are_not_shown_again(viewer: Client) -> None:
    assert viewer.post(PAGE, CHOSEN).status_code == 302

    alert = Alert.objects.get()
    assert (alert.user, alert.project, alert.kinds) == (User.objects.get(username="viewer"), None, CHOSEN["kinds"])
    page = shown(viewer)
    assert "https://93.184.216.34/…" in page
    assert "A study ended, A pruning rule drifted" in page
    assert "signed" in page
    assert "between us" not in page
    assert "KEY" not in page


def test_an_owner_may_set_the_alerts_of_the_project(owner: Client, viewer: Client, project: Project) -> None:
    assert owner.post(PAGE, CHOSEN | {"whose": str(project.pk)}).status_code == 302
    assert viewer.post(PAGE, CHOSEN | {"whose": str(project.pk)}).status_code == 400

    assert Alert.objects.get().project == project
    assert "the team&#x27;s channel" in shown(owner)
    assert "the team&#x27;s channel" not in shown(viewer)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"target": "http://127.0.0.1/"}, "private network"),
        ({"target": "http://169.254.169.254/"}, "ESPALIER_ALERTS_PRIVATE"),
        ({"target": "not an address"}, "without spaces"),
        ({"target": "ftp://example.org"}, "begins with https"),
        ({"target": ""}, "This field is required."),
        ({"kinds": []}, "Choose at least one"),
        ({"kinds": ["everything"]}, "not one of the available choices"),
        ({"channel": "pigeon"}, "not one of the available choices"),
        ({"channel": "email", "target": "team@example.org"}, "ESPALIER_SMTP_URL"),
        ({"name": "x" * 81}, "at most 80"),
    ],
)
def test_what_cannot_work_is_refused_at_its_field_and_the_rest_is_kept(
    viewer: Client, change: dict[str, object], problem: str
) -> None:
    answer = viewer.post(PAGE, CHOSEN | change)

    assert answer.status_code == 400
    assert problem in answer.content.decode()
    assert "between us" not in answer.content.decode()
    assert not Alert.objects.exists()


def test_an_address_of_no_mail_is_refused_where_there_is_a_mail_server(viewer: Client, settings: Settings) -> None:
    settings.EMAIL_HOST = "mail.example.org"

    assert b"Give one e-mail address" in viewer.post(PAGE, CHOSEN | {"channel": "email", "target": "team"}).content
    assert viewer.post(PAGE, CHOSEN | {"channel": "email", "target": "team@example.org"}).status_code == 302
    assert Alert.objects.get().secret == ""


def test_a_test_is_sent_and_logged(viewer: Client, settings: Settings) -> None:
    settings.ALERTS_MAY_REACH_PRIVATE = True
    with a_web_server() as server:
        viewer.post(PAGE, CHOSEN | {"target": server.url})
        viewer.post(f"/alerts/{Alert.objects.get().pk}/test/")
        assert 'hx-trigger="every 2s"' in viewer.get("/alerts/log/").content.decode()

        deliver_due()

    log = viewer.get("/alerts/log/").content.decode()
    assert "Sent" in log
    assert "Answered 200." in log
    assert "hx-trigger" not in log
    assert server.bodies


def test_an_alert_is_switched_off_on_and_deleted(viewer: Client) -> None:
    viewer.post(PAGE, CHOSEN)
    alert = Alert.objects.get()

    viewer.post(f"/alerts/{alert.pk}/switch/")
    assert "Switch on" in shown(viewer)
    viewer.post(f"/alerts/{alert.pk}/switch/")
    assert Alert.objects.get().is_enabled
    viewer.post(f"/alerts/{alert.pk}/delete/")

    assert not Alert.objects.exists()


def test_what_belongs_to_somebody_else_does_not_exist(viewer: Client, editor: Client) -> None:
    viewer.post(PAGE, CHOSEN)
    pk = Alert.objects.get().pk

    for verb in ("test", "switch", "delete"):
        assert editor.post(f"/alerts/{pk}/{verb}/").status_code == 404
    assert Alert.objects.get().is_enabled


def test_hostile_names_are_shown_as_text(viewer: Client) -> None:
    viewer.post(PAGE, CHOSEN | {"name": '"><script>alert(1)</script>'})
    alert = Alert.objects.get()
    Delivery.objects.create(
        alert=alert,
        kind="study_ended",
        key="1",
        message={"study": "<b>x</b>", "sentence": "<i>y</i>"},
        answer="<script>",
        due_at=alert.created_at,
        created_at=alert.created_at,
    )

    page = shown(viewer)
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page
    assert "<i>y</i>" not in page


def test_the_page_asks_few_questions_however_long_its_log(
    viewer: Client, django_assert_max_num_queries: object
) -> None:
    viewer.post(PAGE, CHOSEN)
    alert = Alert.objects.get()
    Delivery.objects.bulk_create(
        Delivery(
            alert=alert,
            kind="drift",
            key=str(n),
            message={"sentence": "."},
            due_at=alert.created_at,
            created_at=alert.created_at,
        )
        for n in range(200)
    )

    with django_assert_max_num_queries(8):  # type: ignore[operator]
        assert shown(viewer).count("<tr>") == 1 + 1 + 1 + 50
