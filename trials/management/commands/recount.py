"""`manage.py recount [STUDY]`: compare what stands ready of studies with their trials, and put it right."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from trials import recounting
from trials.management.finding import find_study
from trials.models import Study


class Command(BaseCommand):
    """Count trials again."""

    help = "Count the trials of studies again, and correct counts, sums and bests that differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", metavar="STUDY", nargs="?", help="id, name or PROJECT/NAME; all if left out")
        parser.add_argument("--check", action="store_true", help="say what differs and change nothing")

    def handle(self, *args: Any, study: str | None, check: bool, **options: Any) -> str:
        found = recounting.differences(find_study(study).pk if study else None)
        for difference in found:
            self.stdout.write(f"  {difference}")
        wrong = {difference.study_id for difference in found}
        if check or not wrong:
            return f"{len(wrong)} studies differ from their trials." if wrong else "Every count is right."
        for one in Study.objects.filter(pk__in=wrong):
            recounting.repair(one)
        return f"Corrected {len(wrong)} studies."
