"""The first user of a fresh site."""

import secrets
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

FIRST_NAME = "admin"
# 16 characters of 64 kinds: 96 bits, and still typed within half a minute.
PASSWORD_BYTES = 12


@dataclass(frozen=True)
class FirstUser:
    """A name and the password that nobody has seen yet."""

    username: str
    password: str


def ensure_first_user() -> FirstUser | None:
    """Create the first user where there is none; return None where somebody is there already.

    The password is random and returned once: print it, and do not keep it. Of two processes one creates the user.
    """
    users = get_user_model()._default_manager
    if users.exists():
        return None
    first = FirstUser(FIRST_NAME, secrets.token_urlsafe(PASSWORD_BYTES))
    try:
        with transaction.atomic():
            get_user_model().objects.create_superuser(username=first.username, password=first.password)
    except IntegrityError:
        return None
    return first
