"""One message, sent to real servers on this machine: up, down, slow, broken, and one that sends it elsewhere."""

import json
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.trials.alerts.servers import Heard, a_mail_server, a_web_server
from trials.alerts import sending
from trials.alerts.sending import SIGNATURE, send, signature
from trials.models import Alert

MESSAGE = {
    "event": "test",
    "headline": "A study ended",
    "study": "a\nstudy",
    "sentence": "It did.",
    "url": "http://x/1",
}


@pytest.fixture(autouse=True)
def _private_allowed(settings: Settings) -> None:
    settings.ALERTS_MAY_REACH_PRIVATE = True


@pytest.fixture
def server() -> Iterator[Heard]:
    with a_web_server() as heard:
        yield heard


def a_webhook(url: str, secret: str = "") -> Alert:
    return Alert(name="team", channel="webhook", target=url, secret=secret)


def test_a_webhook_is_posted_json_under_its_own_host(server: Heard) -> None:
    sent = send(a_webhook(server.url), MESSAGE)

    assert sent == (True, "Answered 200.", False)
    assert json.loads(server.bodies[0]) == MESSAGE
    assert server.paths == ["/hook?key=s3cret"]
    assert server.headers[0]["Host"] == f"127.0.0.1:{server.port}"
    assert SIGNATURE not in server.headers[0]


def test_a_signed_message_can_be_checked_by_its_receiver(server: Heard) -> None:
    send(a_webhook(server.url, secret="between us"), MESSAGE)

    assert server.headers[0][SIGNATURE] == signature("between us", server.bodies[0])
    assert signature("between us", b"x") == "sha256=75b065f931af7fbbf6eba140a3aea139e9564875c028b3f684371af7441934c3"


@pytest.mark.parametrize(("status", "may_retry"), [(500, True), (503, True), (429, True), (404, False), (410, False)])
def test_an_answer_says_whether_to_try_again(server: Heard, status: int, may_retry: bool) -> None:
    server.status = status

    assert send(a_webhook(server.url), MESSAGE) == (False, f"Answered {status}.", may_retry)


def test_a_redirect_is_not_followed(server: Heard) -> None:
    server.status, server.location = 307, f"http://127.0.0.1:{server.port}/inside"

    sent = send(a_webhook(server.url), MESSAGE)

    assert not sent.arrived
    assert not sent.may_retry
    assert "redirect to http://127.0.0.1" in sent.answer
    assert server.paths == ["/hook?key=s3cret"]


def test_a_server_that_is_down_may_be_tried_again() -> None:
    with a_web_server() as heard:
        url = heard.url

    sent = send(a_webhook(url), MESSAGE)

    assert (sent.arrived, sent.may_retry) == (False, True)
    assert "ConnectError" in sent.answer


def test_a_slow_server_is_not_waited_for(server: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SECONDS", 0.2)
    server.waits = 1.0

    sent = send(a_webhook(server.url), MESSAGE)

    assert (sent.arrived, sent.may_retry) == (False, True)
    assert "Timeout" in sent.answer


def test_an_address_that_became_private_is_refused_when_it_is_sent_to(settings: Settings, server: Heard) -> None:
    settings.ALERTS_MAY_REACH_PRIVATE = False

    sent = send(a_webhook(server.url), MESSAGE)

    assert (sent.arrived, sent.may_retry) == (False, False)
    assert "private network" in sent.answer
    assert server.paths == []


def an_email(settings: Settings, port: int) -> Alert:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, False
    return Alert(name="team", channel="email", target="team@example.org")


def test_a_mail_is_handed_to_the_mail_server(settings: Settings) -> None:
    with a_mail_server() as (port, mails):
        sent = send(an_email(settings, port), MESSAGE)

    assert sent.arrived
    assert "To: team@example.org" in mails[0]
    assert "Subject: [Espalier] A study ended: a study" in mails[0]
    assert "It did.\n\nhttp://x/1" in mails[0]


def test_a_mail_that_is_refused_is_given_up(settings: Settings) -> None:
    with a_mail_server(refuses=True) as (port, _):
        sent = send(an_email(settings, port), MESSAGE)

    assert (sent.arrived, sent.may_retry) == (False, False)
    assert "550" in sent.answer


def test_a_mail_server_that_is_down_may_be_tried_again(settings: Settings) -> None:
    with a_mail_server() as (port, _):
        alert = an_email(settings, port)

    assert send(alert, MESSAGE).may_retry


def test_without_a_mail_server_nothing_is_sent(settings: Settings) -> None:
    settings.EMAIL_HOST = ""

    assert "ESPALIER_SMTP_URL" in send(Alert(name="team", channel="email", target="a@b.org"), MESSAGE).answer
