"""List the registered trainables, or try one out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError, CommandParser

from trials.trainables import registry
from trials.trainables.check import check


class Command(BaseCommand):
    """`trainable list` and `trainable check NAME`."""

    help = "List the registered trainables, or check one: train a few steps, stop, resume, compare."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the two verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="list what is registered")
        one = verbs.add_parser("check", help="train a few steps, stop, resume, and say what is wrong")
        one.add_argument("name", help="a name registered in TRAINABLES")
        one.add_argument(
            "--setting", action="append", default=[], metavar="KEY=VALUE", help="a fixed setting (repeatable)"
        )
        one.add_argument("--device", default="cpu")
        one.add_argument("--threads", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> str | None:
        """Do what the verb says."""
        if options["verb"] == "list":
            return "\n".join(_line(name) for name in registry.names()) or "No trainable is registered in TRAINABLES."
        return self._check(options["name"], options)

    def _check(self, name: str, options: dict[str, Any]) -> str:
        try:
            trainable = registry.get(name)
        except registry.UnknownTrainable as error:
            raise CommandError(str(error)) from error
        settings = dict(trainable.small_settings) | dict(_setting(text) for text in options["setting"])
        problems = registry.check_settings(name, settings)
        if problems:
            raise CommandError("\n".join(problems))
        with tempfile.TemporaryDirectory(prefix="trainable-cache-") as cache:
            # A cache of its own: what a check prepares is small and of no use to a study.
            resources = {**registry.entry(name).resources, "cache": Path(cache)}
            findings = check(
                trainable,
                settings=settings,
                resources=resources,
                device=options["device"],
                threads=options["threads"],
                tell=lambda text: self.stderr.write(text),
            )
        if findings:
            raise CommandError("\n".join([f"{name}: {len(findings)} wrong", *map(str, findings)]))
        return f"{name}: nothing wrong; it trains, stops, resumes bit for bit and repeats itself"


def _line(name: str) -> str:
    trainable = registry.get(name)
    tuned = ", ".join(parameter.name for parameter in trainable.parameters)
    return f"{name}: {trainable.title}; counts {trainable.step_unit}; tunes {tuned}"


def _setting(text: str) -> tuple[str, object]:
    key, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"--setting: {text!r} has no `=`; write KEY=VALUE")
    return key, yaml.safe_load(value)
