"""Policies as a command line names them: a known name, or a file that holds one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from django.core.management.base import CommandError

from pruning.backtest.named import NAMED, Maker, as_given
from pruning.policy import Policy
from pruning.rules.settings import PolicyError, unknown
from trials.plan import PlanError
from trials.plan.text import MAX_CHARACTERS, read_yaml


def read_policies(text: str) -> dict[str, Maker]:
    """Return the policies of a list such as `default,mine.yaml`, by name (a file's without its ending)."""
    found: dict[str, Maker] = {}
    for name in filter(None, (part.strip() for part in text.split(","))):
        label, make = (name, NAMED[name]) if name in NAMED else _of_file(name)
        if label in found:
            raise CommandError(f"--policies names {label!r} twice: name every policy once, files by names that differ")
        found[label] = make
    if not found:
        raise CommandError(f"--policies is empty: give names ({', '.join(NAMED)}) or files")
    return found


def _of_file(name: str) -> tuple[str, Maker]:
    path = Path(name)
    if not path.suffix and not path.exists():
        raise CommandError(
            f"--policies: {unknown(name, NAMED, 'policy')}; a file's name has an ending, as in mine.yaml"
        )
    data = read_data(name)
    if isinstance(data, Mapping) and "policy" in data:
        data = data["policy"]
    if data is None or data == {}:
        raise CommandError(f"{name} is empty: write a policy into it, or name one of {', '.join(NAMED)}")
    try:
        policy = Policy.from_mapping(data)
    except PolicyError as error:
        lines = "\n".join(f"  {problem}" for problem in error.problems)
        raise CommandError(f"{name} holds no policy that can be used:\n{lines}")
    return path.stem, as_given(policy)


def read_data(name: str) -> object:
    """Return what a file of YAML or JSON holds (`-`: standard input); CommandError if it cannot be read."""
    try:
        return read_yaml(sys.stdin.read(MAX_CHARACTERS + 1) if name == "-" else _text(Path(name))).data
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The file {name} cannot be read: {error}")
    except PlanError as error:
        raise CommandError(f"The file {name} cannot be read: {error.problems[0]}")


def _text(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.read(MAX_CHARACTERS + 1)
