"""The site runs where the extras are not installed, and leaves heavy libraries to those who train."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

# Making a name None in sys.modules makes its import fail, as if it had never been installed.
START = """
import sys
for name in {missing!r}:
    sys.modules[name] = None
import django
django.setup()
from django.core.management import call_command
call_command("check")
call_command("migrate", verbosity=0)
from django.test import Client
assert Client().get("/accounts/login/").status_code == 200
assert Client().get("/readyz").status_code == 200
import tuning_site.celery
print(sorted(name for name in {heavy!r} if sys.modules.get(name)))
"""
LLM = ["torch", "transformers", "peft", "tokenizers", "sklearn", "safetensors", "accelerate"]
SERVICES = ["psycopg", "redis"]


def start(tmp_path: Path, *, missing: list[str]) -> str:
    environment = os.environ | {
        "ESPALIER_DATA_DIR": str(tmp_path),
        "ESPALIER_ALLOWED_HOSTS": "testserver",
        "DJANGO_SETTINGS_MODULE": "tuning_site.settings",
        "DATABASE_URL": "",
        "CELERY_BROKER_URL": "",
    }
    code = START.format(missing=missing, heavy=[*LLM, "pandas", "matplotlib"])
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr[-3_000:]
    return run.stdout.splitlines()[-1]


@pytest.mark.parametrize("missing", [LLM, SERVICES], ids=["llm", "services"])
def test_the_site_starts_without_an_extra(tmp_path: Path, missing: list[str]) -> None:
    assert start(tmp_path, missing=missing) == "[]"


def test_with_everything_installed_the_site_still_imports_nothing_that_trains(tmp_path: Path) -> None:
    assert start(tmp_path, missing=[]) == "[]"
