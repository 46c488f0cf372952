"""`manage.py stop STUDY` or `STUDY/NUMBER`: end a study or one trial."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from trials import closing, endings
from trials.management.finding import find_study_or_trial
from trials.models import Study

PERSON = "the command line"


class Command(BaseCommand):
    """Stop a study, or one trial of it, for a reason that the record keeps."""

    help = "Stop a study (STUDY: id or name) or one trial (STUDY/NUMBER)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", metavar="STUDY[/NUMBER]")
        parser.add_argument("--reason", required=True, help="a sentence that the record keeps")

    def handle(self, *args: Any, what: str, reason: str, **options: Any) -> str:
        found, at = find_study_or_trial(what), timezone.now()
        if not reason.strip():
            raise CommandError("--reason: empty; say in a sentence why.")
        if isinstance(found, Study):
            if not closing.stop_study(found, person=PERSON, note=reason, at=at):
                raise CommandError(f"Study {found.name} has already been stopped or has ended.")
            return f"Stopped study {found.name}; what runs halts at its next report."
        if not endings.stop_by_person(found, person=PERSON, note=reason, at=at):
            raise CommandError(f"Trial {found.number} has already been stopped or has ended.")
        return f"Stopped trial {found.number}; if it runs, it halts at its next report."
