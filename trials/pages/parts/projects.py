"""Parts of the pages of projects and their members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ProjectRow:
    name: str
    slug: str
    url: str
    studies_url: str
    role: str
    members: int
    studies: int
    running: int


@dataclass(frozen=True)
class MemberRow:
    """A member; the addresses are empty for whom may not change anything."""

    name: str
    role: str
    is_you: bool
    change_url: str = ""
    remove_url: str = ""


@dataclass(frozen=True)
class RoleChoice:
    value: str
    label: str
    help: str


@dataclass(frozen=True)
class ProjectStudy:
    name: str
    url: str
    kind: str
    state: str
    trials: str
    best: str
    active_at: datetime


@dataclass(frozen=True)
class ProjectForm:
    """What was typed to make a project, and what is wrong with it."""

    slug: str = ""
    name: str = ""
    problem: str = ""
    field: str = ""


@dataclass(frozen=True)
class MemberForm:
    """What was typed to let somebody in, and what is wrong with it."""

    user: str = ""
    role: str = "viewer"
    problem: str = ""


@dataclass(frozen=True)
class ProjectPage:
    name: str
    slug: str
    your_role: str
    may_manage: bool
    members: Sequence[MemberRow]
    roles: Sequence[RoleChoice]
    studies: Sequence[ProjectStudy]
    n_studies: int
    studies_url: str
    new_url: str
