"""What every answer carries, and what is turned away at the door."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/accounts/login/", "/healthz", "/no/such/page/"])
def test_every_answer_forbids_foreign_and_inline_scripts(client: Client, path: str) -> None:
    policy = client.get(path).headers["Content-Security-Policy"]

    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_every_page_forbids_guessing_types_framing_and_shared_caches(client: Client) -> None:
    headers = client.get("/accounts/login/").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "private" in headers["Cache-Control"]


def test_a_page_that_nobody_may_see_without_login_sends_one_there(client: Client) -> None:
    response = client.get("/accounts/tokens/")

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/")


def test_an_unknown_host_is_turned_away(client: Client) -> None:
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("path", ["/%00", "/accounts/login/?next=%00", "/accounts/login/?%00=x", "/healthz%00"])
def test_a_nul_in_the_address_is_a_bad_request(client: Client, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 400
    assert "NUL" in response.content.decode()


def test_a_nul_spelt_in_octal_in_a_cookie_is_a_bad_request(client: Client) -> None:
    response = client.get("/accounts/tokens/", headers={"Cookie": r'espalier_session="aaaaaaaa\000"'})

    assert response.status_code == 400
    assert "cookie holds a NUL" in response.content.decode()


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5_000, "٣"])
def test_an_id_that_no_row_can_have_is_not_found(client: Client, user: User, number: str) -> None:
    client.force_login(user)

    assert client.post(f"/accounts/tokens/{number}/revoke/").status_code == 404


def test_a_program_is_answered_in_json_and_a_person_with_a_page(client: Client, user: User) -> None:
    client.force_login(user)
    program = client.get("/api/no/such/thing/")
    person = client.get("/no/such/page/", headers={"Accept": "text/html"})

    assert (program.status_code, program.json()["code"]) == (404, "not_found")
    assert person.status_code == 404
    assert "<h1>Not found</h1>" in person.content.decode()
