"""The policies that the library knows, as one person may see them: named ones, and versions that studies ran under."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Count, Min, Q

from pruning.library.playing import CARD_POLICIES, OWN, STOPPING
from pruning.models import PolicyUse, PolicyVersion
from pruning.policy import Policy
from pruning.presets import DESCRIPTIONS
from pruning.rules.settings import PolicyError
from trials.models import Study
from trials.models.project import Person
from trials.models.study import StudyQuerySet

AS_RUN: Mapping[str, str] = {
    "asha": "asynchronous halving (η 3) as other tools run it: no control arm, no safeguard",
    "hyperband": "Hyperband (η 3) as other tools run it: no control arm, no safeguard",
    "median": "the median rule over finished trials as other tools run it: no control arm, no safeguard",
}
"""Rules of other tools, made anew for every study's steps, to compare with."""
PAYOFF_DESCRIPTION = "calibrated halving: the most would-be winners for the compute, without a dial"
MOST_VERSIONS = 200


@dataclass(frozen=True, kw_only=True)
class Known:
    """One policy of the library."""

    key: str
    """In its address."""
    name: str
    """As cards call it; empty for a version that no card has a name for."""
    label: str
    description: str
    policy: Policy | None = None
    """None for a rule that is made anew for every study, and for one that today's rules cannot read."""
    version: PolicyVersion | None = None
    n_uses: int = 0
    """Studies, of those the person may see, that ran under it."""

    @property
    def on_cards(self) -> str:
        """Return what cards call it: a version that is none of the named stands there as the study's own."""
        return self.name or OWN

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of its canonical form; empty where every study has its own."""
        if self.version is not None:
            return self.version.fingerprint
        return self.policy.fingerprint if self.policy else ""


@lru_cache(maxsize=1)
def named() -> tuple[Known, ...]:
    """Return the policies that every card tells about."""
    return tuple(_named(name) for name in CARD_POLICIES)


def _named(name: str) -> Known:
    if name in AS_RUN:
        return Known(key=name, name=name, label=name, description=AS_RUN[name])
    policy = CARD_POLICIES[name](None)  # type: ignore[arg-type]  # a preset is the same whatever the pool
    preset = name.removesuffix(STOPPING)
    does = DESCRIPTIONS.get(preset, PAYOFF_DESCRIPTION)
    return Known(
        key=key_of(name),
        name=name,
        label=name,
        description=f"{does}; stops where {preset} pauses" if preset != name else does,
        policy=policy,
    )


def fingerprints() -> dict[str, str]:
    """Return the named policies with the fingerprint under which each counts."""
    return {one.name: one.fingerprint for one in named()}


def versions(user: Person, *, most: int = MOST_VERSIONS) -> list[Known]:
    """Return the versions that studies ran under, the last one launched first; of studies the person may see."""
    mine = Study.objects.visible_to(user)
    rows = (
        PolicyVersion.objects.filter(uses__study__in=mine)
        .select_related("policy")
        .annotate(n_uses=Count("uses", filter=Q(uses__study__in=mine), distinct=True), first=Min("uses__pk"))
        .order_by("-first")[:most]
    )
    return [_version(row, row.n_uses) for row in rows]


def find(key: str, user: Person) -> Known | None:
    """Return a policy by the key of its address; None if there is none, or no study that the person may see ran it."""
    name, _, number = key.rpartition("-v")
    if name and number.isdecimal() and len(number) < 10:
        row = PolicyVersion.objects.filter(policy__name=name, number=int(number)).select_related("policy").first()
        n_uses = uses(row.fingerprint, user).count() if row is not None else 0
        return _version(row, n_uses) if row is not None and n_uses else None
    return next((one for one in named() if one.key == key), None)


def uses(fingerprint: str, user: Person) -> StudyQuerySet:
    """Return the studies that ran under a policy, of those the person may see, the newest first."""
    studies = PolicyUse.objects.filter(version__fingerprint=fingerprint).values("study")
    return (
        Study.objects.visible_to(user).filter(pk__in=studies).select_related("project").order_by("-created_at", "-pk")
    )


def key_of(name: str) -> str:
    """Return a name as part of an address.

    >>> key_of("safe, stopping")
    'safe-stopping'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _version(row: PolicyVersion, n_uses: int) -> Known:
    policy = read(row)
    name = next((one.name for one in named() if one.fingerprint == row.fingerprint), "")
    does = DESCRIPTIONS.get(row.policy.name) or (policy.description if policy else row.policy.description)
    return Known(
        key=f"{row.policy.name}-v{row.number}",
        name=name,
        label=f"{row.policy.name} v{row.number}",
        description=does,
        policy=policy,
        version=row,
        n_uses=n_uses,
    )


def read(row: PolicyVersion) -> Policy | None:
    """Return the policy of a version; None if its rules have changed since it was launched."""
    try:
        return Policy.from_mapping(dict(row.mapping))
    except PolicyError:
        return None
