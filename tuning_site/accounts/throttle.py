"""Slow down whoever guesses passwords: so many failures per address and name, then the door stays shut for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest

from tuning_site.accounts.models import LoginFailure, digest


@dataclass(frozen=True)
class Door:
    """One thing that failures are counted for, and how many it bears."""

    key: str
    limit: int


def doors(*, address: str, name: str) -> tuple[Door, ...]:
    """Return the doors that a login passes: its address with the name, and its address alone."""
    return (
        Door(digest(f"name\n{address}\n{name.casefold()}"), settings.LOGIN_FAILURES_PER_NAME),
        Door(digest(f"address\n{address}"), settings.LOGIN_FAILURES_PER_ADDRESS),
    )


def try_doors(passed: tuple[Door, ...], *, at: datetime) -> int | None:
    """Count an attempt before its password is looked at; return the minutes to wait if there were too many.

    Counting first means that a hundred attempts at once cannot all slip through before the first has failed.
    """
    with transaction.atomic():
        LoginFailure.objects.filter(window_started_at__lte=at - _window()).delete()
        waits = [_try(door, at) for door in passed]
    return max((wait for wait in waits if wait is not None), default=None)


def forgive(passed: tuple[Door, ...]) -> None:
    """Forget the failures after a right password: the name's all, the address's only this attempt."""
    name, address = passed
    LoginFailure.objects.filter(key=name.key).delete()
    LoginFailure.objects.filter(key=address.key, n_failures__gt=0).update(n_failures=F("n_failures") - 1)


def client_address(request: HttpRequest) -> str:
    """Return the peer's address; behind our own proxy the last one that the proxy noted."""
    if settings.BEHIND_PROXY and (forwarded := request.headers.get("X-Forwarded-For", "")):
        return forwarded.rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def _try(door: Door, at: datetime) -> int | None:
    LoginFailure.objects.get_or_create(key=door.key, defaults={"window_started_at": at})
    LoginFailure.objects.filter(key=door.key).update(n_failures=F("n_failures") + 1)
    row = LoginFailure.objects.get(key=door.key)
    if row.n_failures <= door.limit:
        return None
    return max(1, ceil((row.window_started_at + _window() - at).total_seconds() / 60))


def _window() -> timedelta:
    return timedelta(seconds=settings.LOGIN_FAILURE_WINDOW_SECONDS)
