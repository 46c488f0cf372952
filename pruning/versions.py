"""Versions of policies: every one that a study was launched under, by name and fingerprint, and who used it."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from pruning import models
from pruning.policy import Policy
from trials.models import Study


def register(policy: Policy) -> int:
    """Return the policy's version number under its name, entering it if it is new."""
    known = version_of(policy)
    if known:
        return known
    with transaction.atomic():
        now = timezone.now()
        named, _ = models.Policy.objects.get_or_create(
            name=policy.name, defaults={"description": policy.description, "created_at": now}
        )
        named = models.Policy.objects.select_for_update().get(pk=named.pk)
        last = named.versions.aggregate(last=Max("number"))["last"] or 0
        version, _ = models.PolicyVersion.objects.get_or_create(
            fingerprint=policy.fingerprint,
            defaults={"policy": named, "number": last + 1, "mapping": policy.to_mapping(), "created_at": now},
        )
        return version.number


def version_of(policy: Policy) -> int:
    """Return the version number of a policy that was launched before; 0 for a new one."""
    number = models.PolicyVersion.objects.filter(fingerprint=policy.fingerprint).values_list("number", flat=True)
    return number.first() or 0


def used(study: Study, policy: Policy, *, sequence: int) -> None:
    """Note that a study runs under a registered policy from this moment on; a policy it returns to is noted once."""
    version = models.PolicyVersion.objects.get(fingerprint=policy.fingerprint)
    models.PolicyUse.objects.get_or_create(study=study, version=version, defaults={"sequence": sequence})
