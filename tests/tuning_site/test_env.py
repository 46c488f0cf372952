"""Settings come from the environment; a bad value is refused by its variable's name."""

from pathlib import Path

import pytest

from tuning_site.env import BadSetting, Environment, parse_database, without_password


def read(**variables: str) -> Environment:
    return Environment(variables)


def test_what_is_not_set_or_blank_takes_the_default() -> None:
    assert read().boolean("ESPALIER_DEBUG", False) is False
    assert read(ESPALIER_PORT=" ").integer("ESPALIER_PORT", 8000, at_least=1, at_most=65_535) == 8000
    assert read().hosts("ESPALIER_ALLOWED_HOSTS", ("localhost",)) == ["localhost"]


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("FALSE", False)]
)
def test_switches_are_read_in_the_usual_spellings(value: str, expected: bool) -> None:
    assert read(ESPALIER_DEBUG=value).boolean("ESPALIER_DEBUG", not expected) is expected


def test_a_switch_that_is_neither_on_nor_off_is_refused() -> None:
    with pytest.raises(BadSetting, match=r"ESPALIER_DEBUG='maybe' cannot be used: say 1 or 0\."):
        read(ESPALIER_DEBUG="maybe").boolean("ESPALIER_DEBUG", False)


@pytest.mark.parametrize("value", ["0", "65536", "-1", "8e3", "80.5", "eighty", "1" * 400])
def test_a_number_outside_its_range_is_refused(value: str) -> None:
    with pytest.raises(BadSetting, match="give a whole number from 1 to 65535"):
        read(ESPALIER_PORT=value).integer("ESPALIER_PORT", 8000, at_least=1, at_most=65_535)


@pytest.mark.parametrize("value", ["http://tuning.example", "tuning.example/path", "two words"])
def test_a_host_with_more_than_a_name_is_refused(value: str) -> None:
    with pytest.raises(BadSetting, match="ESPALIER_ALLOWED_HOSTS"):
        read(ESPALIER_ALLOWED_HOSTS=value).hosts("ESPALIER_ALLOWED_HOSTS", ())


def test_an_origin_without_its_scheme_is_refused() -> None:
    with pytest.raises(BadSetting, match="https://tuning.example"):
        read(ESPALIER_TRUSTED_ORIGINS="tuning.example").origins("ESPALIER_TRUSTED_ORIGINS")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.touch()

    with pytest.raises(BadSetting, match="this is a file"):
        read(ESPALIER_DATA_DIR=str(file)).folder("ESPALIER_DATA_DIR", tmp_path)


def test_folders_are_read_by_name() -> None:
    found = read(ESPALIER_CURVES="ours = /data/ours, theirs=/data/a=b").folders("ESPALIER_CURVES")

    assert found == {"ours": Path("/data/ours"), "theirs": Path("/data/a=b")}


@pytest.mark.parametrize("value", ["/data", "=/data", "ours=", "a/b=/data", "ours=/a,ours=/b", "../x=/data"])
def test_a_folder_without_a_name_of_its_own_is_refused(value: str) -> None:
    with pytest.raises(BadSetting, match="write name=/path"):
        read(ESPALIER_CURVES=value).folders("ESPALIER_CURVES")


def test_postgres_is_read_with_its_escapes_and_options() -> None:
    url = "postgres://tuner:p%40ss%2Fword@db.internal:6543/tuning%20site?sslmode=require"
    database = parse_database("DATABASE_URL", url)

    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["USER"], database["PASSWORD"]) == ("tuner", "p@ss/word")
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.internal", "6543", "tuning site")
    assert database["OPTIONS"]["sslmode"] == "require"


def test_postgres_over_the_local_socket_needs_no_host() -> None:
    database = parse_database("DATABASE_URL", "postgresql:///tuning")

    assert (database["HOST"], database["PORT"], database["NAME"]) == ("", "", "tuning")


def test_sqlite_is_durable_and_never_checkpoints_by_itself(tmp_path: Path) -> None:
    database = parse_database("DATABASE_URL", f"sqlite:///{tmp_path}/tuning.sqlite3")
    commands = database["OPTIONS"]["init_command"]

    assert database["NAME"] == f"{tmp_path}/tuning.sqlite3"
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in commands
    assert "synchronous=FULL" in commands
    assert "wal_autocheckpoint=0" in commands


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("mysql://root:secret@host/db", "use postgres://"),
        ("postgres://root:secret@host", "name of the database is missing"),
        ("postgres://root:secret@host:port/db", "address or port"),
        ("postgres://root:secret@host/db?sslmod=require", "unknown option 'sslmod'"),
        ("sqlite://relative.sqlite3", "write sqlite:///"),
        ("sqlite:///", "write sqlite:///"),
        ("tuning.sqlite3", "use postgres://"),
    ],
)
def test_a_database_that_cannot_be_is_refused_without_its_password(url: str, remedy: str) -> None:
    with pytest.raises(BadSetting, match="DATABASE_URL=") as refusal:
        parse_database("DATABASE_URL", url)

    assert remedy in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_a_broker_of_an_unknown_kind_is_refused_without_its_password() -> None:
    with pytest.raises(BadSetting, match="use amqp://") as refusal:
        read(CELERY_BROKER_URL="kafka://root:secret@host").broker("CELERY_BROKER_URL", "filesystem://")

    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("amqp://guest:guest@host//", "amqp://guest:***@host//"),
        ("postgres://u:p@ss:w@host/db", "postgres://u:***@host/db"),
        ("redis://host/0", "redis://host/0"),
        ("not a url", "not a url"),
    ],
)
def test_urls_are_shown_without_their_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_a_misspelt_variable_is_noticed() -> None:
    environment = read(ESPALIER_PROT="8000", ESPALIER_PORT="8001", HOME="/home/robin")
    environment.integer("ESPALIER_PORT", 8000, at_least=1, at_most=65_535)

    assert environment.unread() == ["ESPALIER_PROT"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://robin:p%40ss@mail.example", ("mail.example", 587, "robin", "p@ss", True, False)),
        ("smtps://mail.example:4650", ("mail.example", 4650, "", "", False, True)),
        ("smtp+plain://localhost:1025", ("localhost", 1025, "", "", False, False)),
    ],
)
def test_a_mail_server_is_read_from_its_url(url: str, expected: tuple[object, ...]) -> None:
    found = read(ESPALIER_SMTP_URL=url).smtp("ESPALIER_SMTP_URL")

    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    assert tuple(found[f"EMAIL_{name}"] for name in names) == expected


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://u:secret@mail.example:x"])
def test_what_is_no_mail_server_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting) as caught:
        read(ESPALIER_SMTP_URL=url).smtp("ESPALIER_SMTP_URL")

    assert "secret" not in str(caught.value)


def test_without_a_mail_server_there_is_no_mail() -> None:
    assert read().smtp("ESPALIER_SMTP_URL") == {"EMAIL_HOST": ""}
