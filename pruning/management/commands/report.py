"""`manage.py report STUDY --out FILE`: a study as one HTML file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pruning.study_report import html_of, name_of
from trials.management.finding import find_study


class Command(BaseCommand):
    """Write narrative, curves, what was halted, whether that was right, configuration and plan into one file."""

    help = "Write a study (id or name) as one HTML file that needs nothing else; a browser prints it as PDF."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", metavar="STUDY")
        parser.add_argument("--out", metavar="FILE", type=Path)

    def handle(self, *args: Any, study: str, out: Path | None, **options: Any) -> str:
        found = find_study(study)
        path = out or Path(name_of(found))
        try:
            path.write_text(html_of(found), encoding="utf-8")
        except OSError as error:
            raise CommandError(f"--out {path}: {error.strerror}; name a file in a folder that can be written.")
        return f"{path}: {path.stat().st_size:,} bytes."
