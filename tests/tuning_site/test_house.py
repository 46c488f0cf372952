"""The house keeps its own promises: documented settings, no missing migration, no dangerous calls."""

import ast
import re
import tomllib
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

ROOT: Path = settings.BASE_DIR
PACKAGES = ("trials", "pruning", "tuning_site")
UNPICKLERS = frozenset({"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"})
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_every_variable_that_is_read_is_documented_and_no_other() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)`", page, flags=re.MULTILINE))

    assert settings.ENVIRONMENT.asked == documented


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    out = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=out)

    assert "No changes detected" in out.getvalue()


def test_migrations_are_named_for_what_they_do() -> None:
    names = [path.stem for path in SOURCES if path.parent.name == "migrations" and path.stem != "__init__"]

    assert names
    assert not [name for name in names if "auto" in name or not re.fullmatch(r"\d{4}_[a-z0-9_]+", name)]


def dangers(path: Path) -> list[str]:
    """Name what in a file could run what somebody sent: unpickling, evaluating, a shell."""
    tree = ast.parse(path.read_text())
    found = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    found += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    told = [name for name in found if name.partition(".")[0] in UNPICKLERS]
    return told + [ast.unparse(call) for call in calls if is_dangerous(call)]


def is_dangerous(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    return (
        name in {"eval", "exec", "yaml.load", "yaml.unsafe_load", "os.system", "os.popen"}
        or given.get("shell") == "True"
        or given.get("allow_pickle") == "True"
        or given.get("trust_remote_code") == "True"
        or (name == "torch.load" and given.get("weights_only") != "True")
    )


def test_nothing_in_the_code_runs_what_comes_over_the_wire() -> None:
    found = {str(path.relative_to(ROOT)): told for path in SOURCES if (told := dangers(path))}

    assert SOURCES
    assert found == {}


@pytest.mark.parametrize(
    "line",
    ["import pickle", "from joblib import load", "eval(text)", "yaml.load(f)", "run(x, shell=True)", "torch.load(f)"],
)
def test_the_search_for_dangers_finds_them(line: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(line)

    assert dangers(tmp_path / "module.py")


def test_the_lock_pins_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = "".join(path.read_text() for path in (ROOT / "requirements").glob("*.lock")).lower()
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    names = {re.split(r"[\[<>=]", requirement)[0].lower() for requirement in wanted} - {"torch", "espalier"}

    assert not {name for name in names if not re.search(rf"^{re.escape(name)}==", locked, re.M)}
    assert "nvidia" not in locked


def test_no_template_holds_inline_scripts_or_styles() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(?!\s*</script>)|<style\b|\sstyle=|\son[a-z]+=\"", re.I)
    data_block = re.compile(r"<script[^>]*type=\"application/json\"")
    # A study as one file is sent as a download: no page of the site, so it carries its own styles.
    alone = ROOT / "templates/pruning/study_report.html"
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "templates").rglob("*.html")
        if path != alone and inline.search(data_block.sub("<template", path.read_text()))
    ]

    assert not found
