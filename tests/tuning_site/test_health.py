"""What monitoring is told, and that it is told no secret."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tuning_site.health import checks

pytestmark = pytest.mark.django_db


def test_a_living_process_says_so_without_asking_the_database(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        response = client.get("/healthz")

    assert response.json() == {"status": "ok"}


def test_a_site_whose_parts_all_work_is_ready(client: Client) -> None:
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"status": "ready", "parts": {"database": "ok", "broker": "ok", "disk": "ok"}}


def test_too_little_disk_makes_the_site_unready(client: Client, settings: Any) -> None:
    settings.MIN_FREE_BYTES = 10**18
    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"]["disk"] == "problem"


def test_a_broker_folder_that_is_gone_is_no_fault(settings: Any, tmp_path: Path) -> None:
    settings.CELERY_BROKER_URL = "filesystem://"
    settings.BROKER_DIR = tmp_path / "wiped" / "broker"

    assert checks.broker().ok


def test_a_broker_that_does_not_answer_is_named_without_its_password(settings: Any) -> None:
    settings.CELERY_BROKER_URL = "amqp://guest:secret@127.0.0.1:1//"
    finding = checks.broker()

    assert not finding.ok
    assert "amqp broker does not answer" in finding.detail
    assert "secret" not in f"{finding}"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_monitoring_may_not_write(client: Client, path: str) -> None:
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405
