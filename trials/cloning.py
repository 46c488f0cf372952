"""A study's plan once more, under a name that is free: what the editor of new studies and the API begin with."""

from __future__ import annotations

from trials.models import Project, Study
from trials.plan.drafting import data_of_plan

LONGEST_STEM = 190
"""Leaves room for a hyphen and a number within the longest name."""


def plan_data(study: Study, *, project: Project) -> dict[str, object]:
    """Return the data of the plan in force, as a launch takes it, named for the project it is to be launched in."""
    return {**data_of_plan(study.plan()), "name": free_name(study.name, project=project)}


def next_plan_data(study: Study, *, project: Project) -> dict[str, object]:
    """Return the plan in force, amendments included, for the study after this one: other draws, nothing expected yet.

    The seed moves on, for the same one would try the same configurations again; hypotheses are registered anew.
    """
    data = plan_data(study, project=project)
    left = {name: value for name, value in data.items() if name not in {"hypothesis", "hypotheses"}}
    return {**left, "seed": study.plan().seed + 1}


def free_name(name: str, *, project: Project) -> str:
    """Return a name with the first number behind it, from 2 on, that the project has no study of."""
    head, _, tail = name.rpartition("-")
    stem = ((head if tail.isdecimal() else "") or name)[:LONGEST_STEM]
    taken = set(Study.objects.filter(project=project, name__startswith=stem).values_list("name", flat=True))
    return next(found for n in range(2, len(taken) + 3) if (found := f"{stem}-{n}") not in taken)
