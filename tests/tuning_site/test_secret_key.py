"""The secret key is made once, kept private, and the same for all processes."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tuning_site.secret_key import secret_key


def test_the_key_is_made_once_and_stays(tmp_path: Path) -> None:
    first = secret_key(tmp_path / "data")

    assert len(first) >= 50
    assert secret_key(tmp_path / "data") == first


def test_nobody_else_can_read_the_key(tmp_path: Path) -> None:
    secret_key(tmp_path)

    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(secret_key, [tmp_path] * 64))

    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_two_sites_have_different_keys(tmp_path: Path) -> None:
    assert secret_key(tmp_path / "one") != secret_key(tmp_path / "two")


def test_an_emptied_key_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")

    with pytest.raises(ImproperlyConfigured, match="remove it and a new key is made"):
        secret_key(tmp_path)
