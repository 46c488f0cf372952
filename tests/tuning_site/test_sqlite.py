"""One process checkpoints, everybody else's automatic checkpoints are off."""

import fcntl
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.db import OperationalError, connection
from django.utils import timezone

from tuning_site import sqlite
from tuning_site.accounts.models import LoginFailure
from tuning_site.sqlite import checkpoint_once, database_file, has_wal_reset_bug

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("postgres" in site.DATABASES["default"]["ENGINE"], reason="is about SQLite"),
]


def write_rows(count: int) -> None:
    rows = [LoginFailure(key=f"{number:064}", window_started_at=timezone.now()) for number in range(count)]
    LoginFailure.objects.bulk_create(rows)


def log_file() -> Path:
    path = database_file()
    assert path is not None
    return path.with_name(f"{path.name}-wal")


@pytest.fixture
def _log_is_empty() -> Iterator[None]:
    checkpoint_once()
    yield
    checkpoint_once()


def test_every_connection_is_durable_and_leaves_checkpoints_alone() -> None:
    with connection.cursor() as cursor:
        pragmas = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "wal_autocheckpoint", "foreign_keys")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 0, "foreign_keys": 1}


@pytest.mark.usefixtures("_log_is_empty")
def test_a_checkpoint_moves_the_log_into_the_database() -> None:
    write_rows(20_000)
    assert log_file().stat().st_size > 4_000_000, "the log would have been checkpointed at a thousand pages"

    done = checkpoint_once()

    assert done is not None
    assert done.n_moved_pages == done.n_log_pages > 1_000
    assert not done.busy


@pytest.mark.usefixtures("_log_is_empty")
def test_a_long_log_is_cut_back_when_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "TRUNCATE_BEYOND_BYTES", 1_000)
    write_rows(5_000)
    checkpoint_once()

    assert log_file().stat().st_size == 0


@pytest.mark.usefixtures("_log_is_empty")
def test_a_reader_in_the_way_is_waited_for_until_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "TRUNCATE_BEYOND_BYTES", 1_000)
    write_rows(10)
    with closing(sqlite3.connect(str(database_file()), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM accounts_loginfailure").fetchone()
        LoginFailure.objects.all().delete()

        during = checkpoint_once()
        reader.execute("COMMIT")
    after = checkpoint_once()

    assert during is not None
    assert during.n_moved_pages < during.n_log_pages
    assert after is not None
    assert not after.busy


def test_while_another_process_checkpoints_nothing_is_done() -> None:
    path = database_file()
    assert path is not None
    with path.with_name(f"{path.name}.checkpoint-lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert checkpoint_once() is None
    assert checkpoint_once() is not None


def test_the_lock_of_a_process_that_was_killed_is_free() -> None:
    path = database_file()
    assert path is not None
    hold = (
        "import fcntl, sys, time; lock = open(sys.argv[1], 'a'); fcntl.flock(lock, fcntl.LOCK_EX);"
        "print('held', flush=True); time.sleep(60)"
    )
    lock_file = f"{path}.checkpoint-lock"
    with subprocess.Popen([sys.executable, "-c", hold, lock_file], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert checkpoint_once() is None
        holder.kill()
        holder.wait()

    assert checkpoint_once() is not None


def test_a_database_in_memory_has_nothing_to_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "NAME", "file:memorydb_default?mode=memory&cache=shared")

    assert checkpoint_once() is None


def test_a_file_that_cannot_be_checkpointed_is_told_as_every_other_database_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"this is not a database at all" * 100)

    # Taken back before the test ends: emptying the real database comes after it.
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "NAME", str(broken))
        with pytest.raises(OperationalError, match="not a database"):
            checkpoint_once()


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ((3, 6, 23), False),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_releases_with_the_wal_reset_bug_are_known(version: tuple[int, int, int], expected: bool) -> None:
    assert has_wal_reset_bug(version) is expected


def test_a_page_that_reads_opens_no_transaction(client: Any, user: Any, django_assert_num_queries: Any) -> None:
    client.force_login(user)
    with django_assert_num_queries(3) as queries:
        client.get("/accounts/tokens/")

    assert not [query["sql"] for query in queries.captured_queries if query["sql"].startswith(("BEGIN", "SAVEPOINT"))]
