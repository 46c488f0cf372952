"""Find what a command line names, or say what there is instead."""

from __future__ import annotations

import sys
from pathlib import Path

from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.db.models import Q

from trials.models import Project, Study, Trial
from trials.models.study import StudyQuerySet
from trials.plan import Plan, PlanError, read_plan
from trials.plan.text import MAX_CHARACTERS

LARGEST_ID = 2**63 - 1


def find_study(text: str) -> Study:
    """Return the study of that id, of that `PROJECT/NAME`, or of that name if only one project has it."""
    if text.isdecimal() and int(text[:20]) <= LARGEST_ID and (study := Study.objects.filter(pk=int(text)).first()):
        return study
    found = list(named(text).select_related("project").order_by("pk")[:5])
    if not found:
        raise CommandError(f"There is no study {text!r}; `manage.py status` lists them.")
    if len(found) > 1:
        ids = ", ".join(f"{study.pk} in {study.project.slug}" for study in found)
        raise CommandError(f"Several studies are called {text!r} ({ids}); give the id.")
    return found[0]


def named(text: str) -> StudyQuerySet:
    """Return the studies of that name, or of that `PROJECT/NAME`, as `status` lists them."""
    slug, _, name = text.partition("/")
    return Study.objects.filter(Q(name=text) | Q(project__slug=slug, name=name))


def find_study_or_trial(text: str) -> Study | Trial:
    """Return a study, or the trial that `STUDY/NUMBER` names."""
    name, slash, number = text.rpartition("/")
    if not slash or named(text).exists():
        return find_study(text)
    study = find_study(name)
    trial = study.trials.filter(number=int(number[:9])).first() if number.isdecimal() else None
    if trial is None:
        raise CommandError(f"Study {study.name} has no trial {number!r}; its numbers end at {study.next_number - 1}.")
    return trial


def find_project(slug: str) -> Project:
    """Return the project of that slug."""
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        slugs = ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
        raise CommandError(f"There is no project {slug!r} (there are: {slugs}); `manage.py project add` makes one.")
    return project


def find_user(name: str) -> User:
    """Return the person of that name."""
    user = User.objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"There is no user {name!r}; `manage.py createsuperuser` or an administrator makes one.")
    return user


def read_plan_file(name: str) -> tuple[Plan, str]:
    """Return the plan in a file (`-`: standard input) and its text."""
    try:
        text = sys.stdin.read(MAX_CHARACTERS + 1) if name == "-" else _read(Path(name))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The plan {name} cannot be read: {error}")
    try:
        return read_plan(text), text
    except PlanError as error:
        lines = "\n".join(f"  {problem}" for problem in error.problems)
        raise CommandError(f"The plan {name} cannot be launched; nothing was created:\n{lines}")


def _read(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.read(MAX_CHARACTERS + 1)
