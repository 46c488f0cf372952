"""`manage.py report STUDY --out FILE`: a study as one HTML file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pruning.study_report import html_of, name_of
from trials import explaining
from trials.management.finding import find_study
from trials.models import Study


class Command(BaseCommand):
    """Write narrative, curves, what was halted, what mattered, whether stops were right, and the plan into one file."""

    help = "Write a study (id or name) as one HTML file that needs nothing else; a browser prints it as PDF."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", metavar="STUDY")
        parser.add_argument("--out", metavar="FILE", type=Path)
        parser.add_argument(
            "--importance",
            action="store_true",
            help="first compute which parameters mattered, where what is kept is older than the study; takes a minute",
        )

    def handle(self, *args: Any, study: str, out: Path | None, importance: bool = False, **options: Any) -> str:
        found = find_study(study)
        if importance:
            self._explain(found)
        path = out or Path(name_of(found))
        try:
            path.write_text(html_of(found), encoding="utf-8")
        except OSError as error:
            raise CommandError(f"--out {path}: {error.strerror}; name a file in a folder that can be written.")
        return f"{path}: {path.stat().st_size:,} bytes."

    def _explain(self, study: Study) -> None:
        """Compute importance, unless what is kept is of the study as it stands."""
        kept = explaining.known(study).result
        if kept is not None and kept["as_of"] == study.sequence:
            return
        if explaining.compute_here(study, self._tell) is None:
            raise CommandError(
                f"--importance: it is being computed for {study.name} already; wait until its page shows it."
            )

    def _tell(self, text: str, done: float, total: float) -> None:
        self.stderr.write(f"\rImportance: {text}", ending="")
