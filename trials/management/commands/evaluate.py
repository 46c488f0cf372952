"""`manage.py evaluate STUDY`: the held-out test split, once, on the best and the default configuration."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from trials import evaluating
from trials.management.finding import find_study


class Command(BaseCommand):
    """Evaluate a study's best and default trial on data that tuning never saw."""

    help = "Evaluate the best and the default trial on the test split and store the results apart."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", metavar="STUDY", help="id or name")

    def handle(self, *args: Any, study: str, **options: Any) -> str:
        found = find_study(study)
        try:
            rows = evaluating.evaluate(found, at=timezone.now(), progress=self._tell)
        except evaluating.EvaluationRefused as error:
            raise CommandError(str(error))
        return "\n".join(f"Trial {row.trial.number} ({row.role}): {_in_words(row.metrics)}" for row in rows)

    def _tell(self, text: str, done: float, total: float) -> None:
        self.stderr.write(f"{text} ({done:.0f} of {total:.0f})" if total else text)


def _in_words(metrics: Mapping[str, object]) -> str:
    return ", ".join(
        f"{name} {value:.5g}" if isinstance(value, float) else f"{name} {value}" for name, value in metrics.items()
    )
