"""API tokens, of which only a digest is kept, and the count of wrong passwords."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final, Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

PREFIX: Final = "esp_"
TOKEN_BYTES: Final = 32
# A token's last use is worth a write only so often.
USE_RESOLUTION: Final = timedelta(minutes=1)


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(user_id=user.pk)

    def usable(self, at: datetime) -> Self:
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None, user__is_active=True)

    def for_secret(self, secret: str) -> Self:
        return self.filter(digest=digest(secret))


class ApiTokenManager(models.Manager["ApiToken"]):
    def issue(
        self, *, user: AbstractBaseUser, name: str, scope: str, expires_at: datetime | None = None
    ) -> "tuple[ApiToken, str]":
        """Create a token and return it with its secret, which cannot be shown again."""
        secret = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        token = self.create(
            user_id=user.pk,
            name=name,
            scope=scope,
            expires_at=expires_at,
            digest=digest(secret),
            hint=secret[: len(PREFIX) + 4],
        )
        return token, secret


class ApiToken(models.Model):
    """A key for a program. It acts as its user, within its scope; each scope includes the ones before it."""

    class Scope(models.TextChoices):
        REPORT = "report", "report: read, claim trials and report metrics"
        WRITE = "write", "write: also launch, stop and change studies"
        ADMIN = "admin", "admin: also manage projects and members"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    scope = models.CharField(max_length=8, choices=Scope)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ApiTokenManager.from_queryset(ApiTokenQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=["report", "write", "admin"]), name="api_token_scope_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    def allows(self, scope: str) -> bool:
        """Say whether the token's scope is the asked one or includes it."""
        order = self.Scope.values
        return order.index(self.scope) >= order.index(scope)

    def state_at(self, at: datetime) -> str:
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= at else "active"

    def revoke(self, at: datetime) -> bool:
        """End the token for good; return False if it had been revoked before."""
        return ApiToken.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=at) == 1

    def note_use(self, at: datetime) -> None:
        """Remember the use, at most once a minute, so that a busy program costs no write per request."""
        if self.last_used_at is None or at - self.last_used_at >= USE_RESOLUTION:
            ApiToken.objects.filter(pk=self.pk).update(last_used_at=at)


class LoginFailure(models.Model):
    """Wrong passwords of one address, or of one address and name, within the current window."""

    key = models.CharField(max_length=64, primary_key=True)
    n_failures = models.PositiveIntegerField(default=0)
    window_started_at = models.DateTimeField()

    class Meta:
        indexes = [
            # Serves the removal of windows that are over.
            models.Index(fields=["window_started_at"], name="login_failure_window"),
        ]

    def __str__(self) -> str:
        return f"{self.n_failures} since {self.window_started_at:%H:%M}"
