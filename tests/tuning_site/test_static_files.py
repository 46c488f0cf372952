"""Static files carry a hash of their content in their names, come compressed, and may be kept for good."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command

from tuning_site import collecting
from tuning_site.health import doctor
from tuning_site.health.checks import Level

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
    answers[link]["text"] = text.decode() if link.endswith(".css") else ""
    answers[link]["imports"] = re.findall(r'import[^"]*"([^"]+[.]js)"', text.decode()) if link.endswith(".js") else []
    response.close()
print(json.dumps(answers))
"""


def collect() -> None:
    """Collect as anybody does, `manage.py up` too."""
    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture
def site(settings: Any, tmp_path: Path) -> Iterator[list[Path]]:
    """The folders that static files come from, none so far; they are kept under hashed names."""
    settings.STATICFILES_DIRS, settings.STATIC_ROOT = [], tmp_path / "collected"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "tuning_site.static_files.HashedFiles"}}
    finders.get_finder.cache_clear()  # type: ignore[attr-defined]
    yield settings.STATICFILES_DIRS
    finders.get_finder.cache_clear()  # type: ignore[attr-defined]


@pytest.fixture
def source(site: list[Path], tmp_path: Path) -> Path:
    """A site whose only style is one file, collected."""
    style = tmp_path / "source" / "page.css"
    style.parent.mkdir()
    style.write_text("a {}")
    site.append(style.parent)
    collect()
    return style


def test_what_was_collected_stays_until_a_source_changes(source: Path) -> None:
    assert collecting.are_fresh()

    source.write_text("a { color: red }")

    assert not collecting.are_fresh()


def test_up_and_doctor_agree_on_whether_files_are_ready(source: Path, settings: Any) -> None:
    settings.HASHED_STATIC = True
    assert doctor.static_files().level is Level.OK

    source.write_text("a { color: red }")
    found = doctor.static_files()
    assert (found.level, found.detail) == (Level.NOTE, "collected from other files than those of now")

    collect()
    assert doctor.static_files().level is Level.OK
    assert collecting.are_fresh()


def test_an_upgrade_older_than_a_restored_copy_is_collected_all_the_same(source: Path) -> None:
    older = source.with_name("older.css")
    older.write_text("b {}")
    os.utime(older, (0, 0))

    assert not collecting.are_fresh()


def test_a_copy_without_its_manifest_is_collected_again(source: Path, settings: Any) -> None:
    (settings.STATIC_ROOT / collecting.MANIFEST).unlink()

    assert not collecting.are_fresh()


@pytest.fixture
def styles(site: list[Path], tmp_path: Path) -> Path:
    """The folder of two styles of which one imports the other, collected under hashed names."""
    folder = tmp_path / "source" / "css"
    folder.mkdir(parents=True)
    (folder / "site.css").write_text('@import url("page.css");\n')
    (folder / "page.css").write_text("a {}\n")
    site.append(folder.parent)
    collect()
    return folder


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


def test_every_style_comes_in_one_file(answers: dict[str, dict[str, Any]]) -> None:
    """A browser paints nothing before the last stylesheet has come."""
    styles = [answer["text"] for link, answer in answers.items() if link.endswith(".css")]
    sources = {source.stem: source for source in (settings.BASE_DIR / "static" / "css").glob("*.css")}
    del sources["report"]  # only in a study's report, which is a file of its own
    rules = {line for source in sources.values() for line in source.read_text().splitlines() if line.endswith("{")}

    assert len(styles) == 1
    assert "@import" not in styles[0]
    assert rules - set(styles[0].splitlines()) == set()


def test_a_changed_style_is_joined_again(styles: Path, settings: Any) -> None:
    (styles / "page.css").write_text("a { color: red }\n")

    collect()

    served = settings.STATIC_ROOT / Path(staticfiles_storage.url("css/site.css")).relative_to(settings.STATIC_URL)
    assert "a { color: red }" in served.read_text()
