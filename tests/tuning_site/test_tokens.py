"""API tokens: shown once, kept as a digest, limited by scope, ended by revocation or time."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from tuning_site.accounts.models import ApiToken

pytestmark = pytest.mark.django_db
PAGE = "/accounts/tokens/"


class Echo(APIView):
    """A view with the site's own defaults, to be asked by token."""

    token_scopes = {"put": "report", "delete": "admin"}

    def get(self, request: Request) -> Response:
        return Response({"user": request.user.get_username()})

    post = put = delete = get


def ask(secret: str | None, method: str = "get", scheme: str = "Bearer") -> int:
    headers = {"Authorization": f"{scheme} {secret}"} if secret else {}
    request = APIRequestFactory().generic(method.upper(), "/api/v1/echo/", headers=headers)
    return Echo.as_view()(request).status_code


def issue(user: User, scope: str = "report", **more: object) -> tuple[ApiToken, str]:
    return ApiToken.objects.issue(user=user, name="gpu box", scope=scope, **more)  # type: ignore[arg-type]


def test_the_secret_is_long_recognisable_and_not_kept(user: User) -> None:
    token, secret = issue(user)
    stored = " ".join(map(str, ApiToken.objects.filter(pk=token.pk).values_list().get()))

    assert secret.startswith("esp_")
    assert len(secret) == len("esp_") + 43
    assert secret not in stored
    assert secret[8:] not in stored


def test_a_token_acts_as_its_user(user: User) -> None:
    _, secret = issue(user)

    assert ask(secret) == 200
    assert ask(secret, scheme="bearer") == 200
    assert ask(secret, scheme="Token") == 200


@pytest.mark.parametrize(
    "secret", ["esp_", "esp_wrong", "wrong", "", "esp_" + "a" * 43, "esp_" + "a" * 100_000, "esp_ü", "esp_\udcff"]
)
def test_a_wrong_token_is_answered_with_401(user: User, secret: str) -> None:
    issue(user)
    header = f"Bearer {secret}".encode("utf-8", "surrogateescape").decode("latin-1")
    response = Echo.as_view()(APIRequestFactory().get("/api/v1/echo/", headers={"Authorization": header}))

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_nobody_at_all_is_answered_with_401() -> None:
    assert ask(None) == 401


@pytest.mark.parametrize(
    ("scope", "answers"),
    [
        # get is reading, put is declared as report, post is writing by default, delete is declared as admin.
        ("report", {"get": 200, "put": 200, "post": 403, "delete": 403}),
        ("write", {"get": 200, "put": 200, "post": 200, "delete": 403}),
        ("admin", {"get": 200, "put": 200, "post": 200, "delete": 200}),
    ],
)
def test_a_scope_includes_the_ones_before_it_and_no_more(user: User, scope: str, answers: dict[str, int]) -> None:
    _, secret = issue(user, scope)

    assert {method: ask(secret, method) for method in answers} == answers


def test_a_revoked_token_is_worth_nothing_and_stays_so(user: User) -> None:
    token, secret = issue(user)

    assert token.revoke(timezone.now()) is True
    assert token.revoke(timezone.now()) is False
    assert ask(secret) == 401


def test_a_token_ends_at_its_time(user: User) -> None:
    now = timezone.now()
    _, past = issue(user, expires_at=now - timedelta(seconds=1))
    _, coming = issue(user, expires_at=now + timedelta(days=1))

    assert (ask(past), ask(coming)) == (401, 200)


def test_the_tokens_of_a_user_who_was_switched_off_are_worth_nothing(user: User) -> None:
    _, secret = issue(user)
    User.objects.update(is_active=False)

    assert ask(secret) == 401


def test_the_last_use_is_written_at_most_once_a_minute(user: User, django_assert_num_queries: object) -> None:
    token, secret = issue(user)
    ask(secret)
    token.refresh_from_db()
    first = token.last_used_at
    ask(secret)
    token.refresh_from_db()

    assert first is not None
    assert token.last_used_at == first


def test_the_page_shows_a_new_secret_exactly_once(client: Client, user: User) -> None:
    client.force_login(user)
    created = client.post(PAGE, {"name": "gpu box", "scope": "write", "lifetime": "30"})
    secret = created.context["secret"]
    later = client.get(PAGE)

    assert created.status_code == 201
    assert secret in created.content.decode()
    assert "no-store" in created.headers["Cache-Control"]
    assert secret not in later.content.decode()
    assert secret[:8] in later.content.decode()
    assert ask(secret, "post") == 200


@pytest.mark.parametrize(
    "form",
    [
        {"name": "", "scope": "write"},
        {"name": "x" * 81, "scope": "write"},
        {"name": "a\x00b", "scope": "write"},
        {"name": "gpu box", "scope": "root"},
        {"name": "gpu box", "scope": "write", "lifetime": "12345"},
    ],
    ids=["no name", "long name", "NUL", "unknown scope", "unknown lifetime"],
)
def test_a_form_with_nonsense_creates_nothing(client: Client, user: User, form: dict[str, str]) -> None:
    client.force_login(user)

    assert client.post(PAGE, form).status_code == 400
    assert not ApiToken.objects.exists()


def test_one_revokes_ones_own_tokens_only(client: Client, user: User) -> None:
    token, secret = issue(user)
    stranger = User.objects.create_user(username="stranger")

    client.force_login(stranger)
    assert client.post(f"{PAGE}{token.pk}/revoke/").status_code == 404
    assert ask(secret) == 200
    client.force_login(user)
    assert client.post(f"{PAGE}{token.pk}/revoke/").status_code == 302
    assert ask(secret) == 401
