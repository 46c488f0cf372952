"""`manage.py member add PROJECT USER --role ROLE`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from trials.management.finding import find_project, find_user
from trials.models import Membership, Role


class Command(BaseCommand):
    """Give a person a role in a project, instead of the one they may have."""

    help = "Add a member to a project, or change their role."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_subparsers(dest="verb", required=True).add_parser("add", help="add a member")
        add.add_argument("project", metavar="PROJECT", help="slug")
        add.add_argument("user", metavar="USER", help="user name")
        add.add_argument("--role", required=True, choices=Role.values)

    def handle(self, *args: Any, project: str, user: str, role: str, **options: Any) -> str:
        found, person = find_project(project), find_user(user)
        Membership.objects.update_or_create(project=found, user_id=person.pk, defaults={"role": role})
        return f"{user} is now {role} of {project}."
