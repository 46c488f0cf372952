"""`manage.py launch PLAN --project P`: start a study."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from trials import studies
from trials.management.finding import find_project, find_user, read_plan_file
from trials.plan import Plan

MOST_NAME = 200


class Command(BaseCommand):
    """Read a plan, check it whole, and launch the study."""

    help = "Launch a study from a plan (YAML; - reads standard input)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("plan", metavar="PLAN")
        parser.add_argument("--project", required=True, help="slug of the project")
        parser.add_argument("--name", help="a name other than the plan's")
        parser.add_argument("--user", help="the person who launches")

    def handle(self, *args: Any, plan: str, project: str, name: str | None, user: str | None, **options: Any) -> str:
        read, text = read_plan_file(plan)
        if name is not None:
            read = _renamed(read, name)
        try:
            where, person = find_project(project), find_user(user) if user else None
            gate = studies.pass_gate(read, project=where, user=person)
            study = studies.launch(
                read,
                project=where,
                user=person,
                source=text,
                at=timezone.now(),
            )
        except studies.StudyRefused as error:
            raise CommandError(str(error))
        said = " ".join(filter(None, (gate.sentence, gate.doubt, gate.remedy)))
        plan = study.newest_revision().fingerprint[:12]
        launched = f"Launched study {study.pk}, {study.name}: {read.budget.trials} trials, plan {plan}."
        return "\n".join(filter(None, (said, launched)))


def _renamed(plan: Plan, name: str) -> Plan:
    if not name.strip() or len(name) > MOST_NAME or not name.isprintable():
        raise CommandError(f"--name: {name[:40]!r} is no name; give one line of 1 to {MOST_NAME} characters.")
    return replace(plan, name=name.strip())
