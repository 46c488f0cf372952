"""`manage.py member add PROJECT USER --role ROLE`, `manage.py member remove PROJECT USER`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trials import projects
from trials.management.finding import find_project, find_user
from trials.models import Role


class Command(BaseCommand):
    """Give a person a role in a project, instead of the one they may have, or take them out."""

    help = "Add a member to a project, change their role, or take them out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, said in (("add", "add a member, or change their role"), ("remove", "take a member out")):
            one = verbs.add_parser(verb, help=said)
            one.add_argument("project", metavar="PROJECT", help="slug")
            one.add_argument("user", metavar="USER", help="user name")
            if verb == "add":
                one.add_argument("--role", required=True, choices=Role.values)

    def handle(self, *args: Any, verb: str, project: str, user: str, role: str = "", **options: Any) -> str:
        found, person = find_project(project), find_user(user)
        try:
            if verb == "remove":
                return f"{user} {'is no longer' if projects.remove(found, person) else 'was never'} in {project}."
            projects.set_role(found, person, role)
        except projects.ProjectRefused as error:
            raise CommandError(str(error))
        return f"{user} is now {role} of {project}."
