"""How a program proves who it is: `Authorization: Bearer esp_…`."""

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from tuning_site.accounts.models import PREFIX, ApiToken

SCHEMES = frozenset({b"bearer", b"token"})


class TokenAuthentication(BaseAuthentication):
    """Authenticate by API token; `request.auth` is then the ApiToken and says what it `allows`."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, ApiToken] | None:
        scheme, _, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() not in SCHEMES:
            return None
        token = _find(secret.strip())
        if token is None:
            raise AuthenticationFailed("This token is not valid: it may be revoked, expired or mistyped.")
        token.note_use(timezone.now())
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _find(raw: bytes) -> ApiToken | None:
    try:
        secret = raw.decode("ascii")
    except UnicodeDecodeError:
        return None
    if not secret.startswith(PREFIX):
        return None
    return ApiToken.objects.usable(timezone.now()).for_secret(secret).select_related("user").first()
