"""The library of policies: every version a study was launched under, by name and fingerprint."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from pruning import models
from pruning.policy import Policy


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
