"""Coming in and going out, and what happens to whoever guesses."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tuning_site.accounts.models import LoginFailure
from tuning_site.accounts.services import ensure_first_user

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def attempt(client: Client, password: str, *, name: str = "robin", address: str = "127.0.0.1") -> int:
    response = client.post(LOGIN, {"username": name, "password": password}, REMOTE_ADDR=address)
    return 302 if response.status_code == 302 else (429 if b"Too many" in response.content else 401)


def test_a_right_password_leads_to_where_one_was_going(client: Client, user: User) -> None:
    asked = client.get("/accounts/tokens/")
    assert asked.headers["Location"] == f"{LOGIN}?next=/accounts/tokens/"

    response = client.post(
        asked.headers["Location"], {"username": "robin", "password": "a good password", "next": "/accounts/tokens/"}
    )

    assert response.headers["Location"] == "/accounts/tokens/"
    assert client.get("/accounts/tokens/").status_code == 200


def test_a_login_leads_nowhere_off_the_site(client: Client, user: User) -> None:
    form = {"username": "robin", "password": "a good password", "next": "https://elsewhere.example/"}

    assert client.post(LOGIN, form).headers["Location"] == "/"


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client: Client, user: User) -> None:
    client.post(LOGIN, {"username": "robin", "password": "a good password"})
    cookie = client.cookies["espalier_session"]

    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"


def test_a_form_without_its_token_is_refused(user: User) -> None:
    client = Client(enforce_csrf_checks=True)

    assert client.post(LOGIN, {"username": "robin", "password": "a good password"}).status_code == 403


def test_logging_out_needs_a_post(client: Client, user: User) -> None:
    client.force_login(user)

    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/").headers["Location"] == LOGIN
    assert client.get("/accounts/tokens/").status_code == 302


def test_after_five_wrong_passwords_even_the_right_one_waits(client: Client, user: User) -> None:
    guesses = [attempt(client, "wrong") for _ in range(6)]

    assert guesses == [401] * 5 + [429]
    assert attempt(client, "a good password") == 429


def test_the_throttle_holds_for_one_address_and_name_only(client: Client, user: User) -> None:
    User.objects.create_user(username="kim", password="another password")
    for _ in range(6):
        attempt(client, "wrong")

    assert attempt(client, "a good password", address="127.0.0.2") == 302
    assert attempt(Client(), "another password", name="kim") == 302


def test_the_case_of_a_name_is_no_way_around_the_throttle(client: Client, user: User) -> None:
    for name in ["robin", "Robin", "ROBIN", "rObin", "roBin", "robiN"]:
        last = attempt(client, "wrong", name=name)

    assert last == 429


def test_one_address_cannot_try_every_name(client: Client, user: User) -> None:
    guesses = [attempt(client, "wrong", name=f"name{number}") for number in range(51)]

    assert guesses[-2:] == [401, 429]


def test_a_right_password_forgives_the_wrong_ones_before_it(client: Client, user: User) -> None:
    for _ in range(4):
        attempt(client, "wrong")
    attempt(client, "a good password")

    assert [attempt(Client(), "wrong") for _ in range(5)] == [401] * 5


def test_the_door_opens_again_when_the_window_is_over(client: Client, user: User) -> None:
    for _ in range(6):
        attempt(client, "wrong")
    for failure in LoginFailure.objects.all():
        failure.window_started_at = failure.window_started_at.replace(year=2020)
        failure.save()

    assert attempt(client, "a good password") == 302


def test_what_was_forwarded_is_believed_only_behind_our_own_proxy(client: Client, user: User, settings: object) -> None:
    def guess(forwarded: str) -> int:
        form = {"username": "robin", "password": "wrong"}
        response = client.post(LOGIN, form, headers={"X-Forwarded-For": forwarded})
        return 429 if b"Too many" in response.content else 401

    spoofed = [guess(f"10.0.0.{number}") for number in range(6)]
    settings.BEHIND_PROXY = True  # type: ignore[attr-defined]

    assert spoofed[-1] == 429
    assert guess("1.2.3.4, 10.0.0.1") == 401


def test_the_first_user_is_made_once_with_a_password_of_its_own(client: Client) -> None:
    first = ensure_first_user()

    assert first is not None
    assert len(first.password) == 16
    assert attempt(client, first.password, name=first.username) == 302
    assert ensure_first_user() is None


def test_no_first_user_is_made_where_somebody_is_there_already(user: User) -> None:
    assert ensure_first_user() is None
    assert list(User.objects.values_list("username", flat=True)) == ["robin"]
