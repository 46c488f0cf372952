"""`manage.py project add SLUG --name NAME`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from trials import projects


class Command(BaseCommand):
    """Add a project."""

    help = "Add a project: a team's space with members and studies."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_subparsers(dest="verb", required=True).add_parser("add", help="add a project")
        add.add_argument("slug", metavar="SLUG", help="letters, digits, - and _")
        add.add_argument("--name", help="what people read; the slug if left out")

    def handle(self, *args: Any, slug: str, name: str | None, **options: Any) -> str:
        try:
            projects.create(slug, name or slug, owner=None, at=timezone.now())
        except projects.ProjectRefused as error:
            raise CommandError(str(error))
        return f"Added project {slug}; `manage.py member add {slug} USER --role owner` lets somebody in."
