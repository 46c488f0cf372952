"""Fixtures shared by every floor."""

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User


@pytest.fixture(autouse=True)
def _fast_passwords(settings: LazySettings) -> None:
    """Hash passwords cheaply: what guards a real login costs a tenth of a second each time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def user(db: None) -> User:
    """A person with a password and no role anywhere."""
    return User.objects.create_user(username="robin", password="a good password")
