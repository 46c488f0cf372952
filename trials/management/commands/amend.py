"""`manage.py amend STUDY PLAN --reason`: register the next revision of a study's plan."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from trials import studies
from trials.management.finding import find_study, find_user, read_plan_file


class Command(BaseCommand):
    """Amend a running study; what was decided before stands."""

    help = "Amend the plan of a running study. Objectives, planned length, trainable and seed stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", metavar="STUDY", help="id or name")
        parser.add_argument("plan", metavar="PLAN")
        parser.add_argument("--reason", required=True, help="a sentence that the record keeps")
        parser.add_argument("--user", help="the person who amends")

    def handle(self, *args: Any, study: str, plan: str, reason: str, user: str | None, **options: Any) -> str:
        found = find_study(study)
        read, text = read_plan_file(plan)
        author = find_user(user) if user else None
        try:
            revision = studies.amend(found, read, reason=reason, user=author, source=text, at=timezone.now())
        except studies.StudyRefused as error:
            raise CommandError(str(error))
        return f"Registered revision {revision.number} of {found.name}, plan {revision.fingerprint[:12]}."
