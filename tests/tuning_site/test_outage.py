"""A database that is away and a disk that is full are said plainly, and healed without a restart."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.conf import settings as site
from django.contrib.auth.models import User
from django.db import connection, connections
from django.test import Client

from tuning_site.accounts.models import ApiToken

pytestmark = pytest.mark.urls("tests.tuning_site.outage_urls")
on_sqlite = pytest.mark.skipif("postgres" in site.DATABASES["default"]["ENGINE"], reason="moves SQLite's own file")


@pytest.fixture
def robin(client: Client, user: User) -> Client:
    client.force_login(user)
    client.raise_request_exception = False
    return client


@contextmanager
def database_moved_away() -> Iterator[None]:
    """Take the file and its log out of reach, as an unmounted disk would."""
    path = Path(connection.settings_dict["NAME"])
    connection.close()
    parts = [found for found in path.parent.iterdir() if found.name.startswith(path.name)]
    shelf = path.parent / "moved-away"
    shelf.mkdir()
    for part in parts:
        part.rename(shelf / part.name)
    # A folder in its place: SQLite would make a new and empty database otherwise.
    path.mkdir()
    try:
        yield
    finally:
        connection.close()
        path.rmdir()
        for part in parts:
            (shelf / part.name).rename(part)
        shelf.rmdir()


@contextmanager
def no_room_left() -> Iterator[None]:
    with connection.cursor() as cursor:
        used = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {used}")
        try:
            yield
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_pages_say_so_and_come_back_by_themselves(robin: Client) -> None:
    with database_moved_away():
        away = robin.get("/read/")

    assert away.status_code == 503
    assert away.headers["Retry-After"] == "5"
    assert "database cannot be reached" in away.content.decode()
    assert robin.get("/read/").content == b"1 people"


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_the_api_says_so_in_json(user: User) -> None:
    _, secret = ApiToken.objects.issue(user=user, name="gpu box", scope="report")
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {secret}"})
    with database_moved_away():
        away = client.get("/api/v1/people/")

    assert (away.status_code, away.json()["code"]) == (503, "database_unavailable")
    assert client.get("/api/v1/people/").json() == {"people": 1}


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_the_process_is_alive_but_not_ready(client: Client) -> None:
    with database_moved_away():
        assert client.get("/healthz").status_code == 200
        unready = client.get("/readyz")

    assert unready.status_code == 503
    assert unready.json()["parts"]["database"] == "problem"
    assert client.get("/readyz").json()["status"] == "ready"


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_full_disk_refuses_writes_and_lets_reading_go_on(robin: Client) -> None:
    with no_room_left():
        full = robin.get("/write/")
        reading = robin.get("/read/")

    assert full.status_code == 507
    assert "disk is full" in full.content.decode()
    assert reading.status_code == 200
    assert robin.get("/write/").content == b"written"


@pytest.mark.skipif("postgres" not in site.DATABASES["default"]["ENGINE"], reason="is about PostgreSQL")
@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ends_is_an_outage_and_the_next_one_works(robin: Client) -> None:
    with closing(connections.create_connection("default")) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    away = robin.get("/read/")
    # What Django does at the begin of every real request.
    connection.close_if_unusable_or_obsolete()

    assert away.status_code == 503
    assert robin.get("/read/").content == b"1 people"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/fill-file/", 507),
        ("/lost-connection/", 503),
        # The outage is the cause of another error.
        ("/hidden-cause/", 503),
        # Our own mistake is none of the outages, although SQLite calls it by the same name.
        ("/wrong-statement/", 500),
    ],
)
def test_an_outage_is_told_from_a_mistake(robin: Client, path: str, status: int) -> None:
    response = robin.get(path)

    assert response.status_code == status
    assert "Traceback" not in response.content.decode()
    assert "no_such_column" not in response.content.decode()
