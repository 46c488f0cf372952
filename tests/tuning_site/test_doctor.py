"""`manage.py doctor` says what is wrong and ends with a status that a script can read."""

import socket
import time
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import checks as django_checks
from django.core.management import call_command
from django.db import connection

from tuning_site.env import Environment
from tuning_site.health import doctor
from tuning_site.health.checks import Level

pytestmark = pytest.mark.django_db


def run() -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("doctor", stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_a_sound_site_has_no_problems() -> None:
    status, said = run()

    assert status == 0
    assert "0 problems." in said
    assert "ok       schema: every migration is applied" in said


def test_a_problem_is_marked_with_its_remedy_and_the_status_is_one(settings: Any) -> None:
    settings.MIN_FREE_BYTES = 10**18
    status, said = run()

    assert status == 1
    assert "PROBLEM  disk:" in said
    assert " - free some space" in said
    assert "1 problems." in said


def test_what_other_floors_have_registered_is_asked_with_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def triggers(*, databases: Sequence[str] | None = None, **_: Any) -> list[django_checks.CheckMessage]:
        return [django_checks.Error("a trigger is missing", hint="run migrate", id="pruning.E001")] if databases else []

    registry = django_checks.registry.registry
    monkeypatch.setattr(registry, "registered_checks", {*registry.registered_checks})
    django_checks.register(triggers, django_checks.Tags.database)
    status, said = run()

    assert status == 1
    assert "PROBLEM  pruning.E001: a trigger is missing - run migrate" in said


@pytest.mark.parametrize(("autovacuum", "level"), [("on", Level.OK), ("off", Level.NOTE)])
def test_a_server_that_plans_without_statistics_is_worth_a_note(
    monkeypatch: pytest.MonkeyPatch, autovacuum: str, level: Level
) -> None:
    monkeypatch.setattr(connection, "vendor", "postgresql")
    monkeypatch.setattr(doctor, "_shown", {"autovacuum": autovacuum}.__getitem__)

    assert doctor.statistics().level is level


@pytest.mark.skipif(connection.vendor != "postgresql", reason="asks a PostgreSQL server")
def test_a_server_tells_its_settings() -> None:
    assert doctor._shown("autovacuum") in {"on", "off"}


def test_a_key_that_others_can_read_is_a_problem(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    key = tmp_path / "secret_key"
    key.touch(mode=0o644)

    assert doctor.privacy().level is Level.PROBLEM
    key.chmod(0o600)
    assert doctor.privacy().level is Level.OK


def test_a_taken_port_is_worth_a_note(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings.WEB_PORT = taken.getsockname()[1]

        assert doctor.port().level is Level.NOTE
    assert doctor.port().level is Level.OK


def test_styles_that_were_never_collected_are_worth_a_note(settings: Any, tmp_path: Path) -> None:
    settings.HASHED_STATIC, settings.STATIC_ROOT = True, tmp_path

    found = doctor.static_files()

    assert (found.level, found.detail) == (Level.NOTE, "not collected yet")


def test_a_misspelt_variable_is_worth_a_note(settings: Any) -> None:
    settings.ENVIRONMENT = Environment({"ESPALIER_PROT": "8000"})

    assert doctor.variables().detail == "nothing reads ESPALIER_PROT"


def test_a_clock_that_was_never_set_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)

    assert doctor.clock().level is Level.PROBLEM
