"""`manage.py policy translate FILE`, `policy show [NAME]`, `policy card STUDY`, `policy suggest PLAN`."""

from __future__ import annotations

import textwrap
from argparse import ArgumentParser
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError

from pruning.foreign.tools import TOOLS, guess, translate
from pruning.foreign.translation import Translation
from pruning.management.library import advised, carded
from pruning.management.policies import read_data
from pruning.policy import Policy
from pruning.presets import DESCRIPTIONS, PRESETS
from pruning.rules.settings import PolicyError

WIDTH = 100


class Command(BaseCommand):
    """Read another tool's settings as a policy, show a preset, and ask the library of finished studies."""

    help = (
        "translate FILE: another tool's pruning settings as a policy; show [NAME]: a preset with all its settings; "
        "card STUDY: what a finished study teaches (--all: cards for all that have none); suggest PLAN: policies that "
        "did well on similar studies, and what the plan's own would have done there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["translate", "show", "card", "suggest"])
        parser.add_argument("what", nargs="?", help="a file (`-`: standard input), a preset's name, or a study")
        parser.add_argument("--from", dest="tool", choices=sorted(TOOLS), help="left out: told from what the file says")

        parser.add_argument("--again", action="store_true", help="card: make it anew")
        parser.add_argument("--all", action="store_true", dest="every", help="card: of every ended study without one")
        parser.add_argument("--user", help="suggest: as this person may see past studies (left out: all of them)")

    def handle(self, *args: Any, action: str, what: str | None, tool: str | None, **options: Any) -> str:
        match action:
            case "show":
                return _show(what)
            case "card":
                return carded(what, again=options["again"], every=options["every"])
            case "suggest":
                return advised(what, options["user"])
            case _:
                return _translated(what, tool)


def _show(name: str | None) -> str:
    if name is None:
        return "\n".join(f"{preset}: {DESCRIPTIONS[preset]}" for preset in PRESETS)
    try:
        policy = Policy.from_mapping(name)
    except PolicyError as error:
        raise CommandError(str(error))
    return _commented([policy.description]) + _yaml({"policy": policy.to_mapping()})


def _translated(name: str | None, tool: str | None) -> str:
    if name is None:
        raise CommandError("translate needs a file, or `-` for standard input.")
    data = read_data(name)
    chosen = tool or guess(data)
    if chosen is None:
        raise CommandError(f"{name} does not say whose settings it holds; add --from {'|'.join(sorted(TOOLS))}.")
    try:
        found = translate(data, chosen, path=name)
        Policy.from_mapping(found.policy)
    except PolicyError as error:
        lines = "\n".join(f"  {problem}" for problem in error.problems)
        raise CommandError(f"{name} cannot be read as a policy:\n{lines}")
    return _said(found, chosen)


def _said(found: Translation, tool: str) -> str:
    return _commented([f"Read from settings of {tool}. What could not be carried over, or means something else:"]) + (
        _commented([f"- {note}" for note in found.notes]) + _yaml({"policy": dict(found.policy)})
    )


def _commented(paragraphs: list[str]) -> str:
    lines = [line for text in paragraphs for line in textwrap.wrap(text, WIDTH, subsequent_indent="  ")]
    return "".join(f"# {line}\n" for line in lines)


def _yaml(data: dict[str, object]) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
