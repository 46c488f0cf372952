"""Static files carry a hash of their content in their names, come compressed, and may be kept for good."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

# What a fresh site does before it serves, and what a browser then asks for.
VISIT = """
import gzip, json, re, django
django.setup()
from django.core.management import call_command
call_command("collectstatic", interactive=False, verbosity=0)
from django.test import Client
page = Client().get("/accounts/login/").content.decode()
links = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
answers = {}
for link in links:
    response = Client().get(link, headers={"Accept-Encoding": "gzip"})
    text = gzip.decompress(b"".join(response)) if response.headers.get("Content-Encoding") == "gzip" else b""
    answers[link] = {"status": response.status_code, **response.headers}
    answers[link]["imports"] = re.findall(r'import[^"]*"([^"]+[.]js)"', text.decode()) if link.endswith(".js") else []
    response.close()
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    environment = os.environ | {
        "ESPALIER_DATA_DIR": str(tmp_path_factory.mktemp("site")),
        "ESPALIER_HASHED_STATIC": "1",
        "ESPALIER_ALLOWED_HOSTS": "testserver",
        "DJANGO_SETTINGS_MODULE": "tuning_site.settings",
        "DATABASE_URL": "",
    }
    visit = subprocess.run(
        [sys.executable, "-c", VISIT],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert visit.returncode == 0, visit.stderr[-2_000:]
    found: dict[str, dict[str, Any]] = json.loads(visit.stdout)
    return found


def test_every_file_that_a_page_names_is_there(answers: dict[str, dict[str, Any]]) -> None:
    assert {Path(link).suffix for link in answers} >= {".css", ".js"}
    assert {link: answer["status"] for link, answer in answers.items() if answer["status"] != 200} == {}


def test_names_carry_a_hash_and_the_files_may_be_kept_for_good(answers: dict[str, dict[str, Any]]) -> None:
    plain = [link for link in answers if not re.search(r"\.[0-9a-f]{12}\.\w+$", link)]
    fleeting = [link for link, answer in answers.items() if "immutable" not in answer["Cache-Control"]]

    assert plain == []
    assert fleeting == []


def test_styles_and_scripts_come_compressed(answers: dict[str, dict[str, Any]]) -> None:
    texts = {link: answer for link, answer in answers.items() if int(answer["Content-Length"]) > 2_000}
    raw = [
        link for link, answer in texts.items() if link.endswith((".css", ".js")) and "Content-Encoding" not in answer
    ]

    assert texts
    assert raw == []


def test_modules_import_one_another_by_names_that_carry_a_hash(answers: dict[str, dict[str, Any]]) -> None:
    imported = [name for answer in answers.values() for name in answer["imports"]]

    assert [name for name in imported if re.fullmatch(r"\./[\w-]+\.[0-9a-f]{12}\.js", name)]
    assert [name for name in imported if not re.search(r"\.[0-9a-f]{12}\.js$", name)] == []
