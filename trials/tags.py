"""Tags: words on studies and trials. They help people find things; no rule and no sampler reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from trials import head
from trials.models import Study, Tag, Trial
from trials.sanitise import clean_text

MOST = 20
"""Tags on one thing."""
LENGTH = 64


class TagRefused(Exception):
    """Tags that cannot be put there; the message is for the person who asked."""


def read(text: str) -> tuple[str, ...]:
    """Return the tags in a text, parted by commas, in order and once each. Raises `TagRefused`.

    >>> read("baseline,  long run, baseline,")
    ('baseline', 'long run')
    """
    return checked(text.split(","))


def checked(names: Iterable[str]) -> tuple[str, ...]:
    """Return tags without what surrounds them, once each. Raises `TagRefused`."""
    found = dict.fromkeys(" ".join(clean_text(name).split()) for name in names)
    found.pop("", None)
    for name in found:
        if len(name) > LENGTH:
            raise TagRefused(f"tags: {name[:20]!r}… has {len(name)} characters; use at most {LENGTH}")
        if "," in name:
            raise TagRefused(f"tags: {name!r} holds a comma, which parts tags; leave it out")
    if len(found) > MOST:
        raise TagRefused(f"tags: {len(found)} of them; use at most {MOST}")
    return tuple(found)


@transaction.atomic
def add(study: Study, names: Sequence[str], *, trials: Sequence[Trial] | None, person: str, at: datetime) -> None:
    """Put tags on trials, or with None on the study itself; those already there stay. Raises `TagRefused`."""
    names = checked(names)
    owners = [None] if trials is None else [trial.pk for trial in trials]
    head.lock(study.pk)
    present = _present(study, owners)
    for owner in owners:
        if len({*present[owner], *names}) > MOST:
            raise TagRefused(f"tags: at most {MOST} on one thing; take some away first")
    Tag.objects.bulk_create(
        (
            Tag(study=study, trial_id=owner, name=name, author=person, created_at=at)
            for owner in owners
            for name in names
            if name not in present[owner]
        ),
        batch_size=500,
    )
    head.touch(study.pk, at=at)


@transaction.atomic
def remove(study: Study, names: Sequence[str], *, trials: Sequence[Trial] | None, at: datetime) -> None:
    """Take tags away from trials, or with None from the study itself; those not there are no trouble."""
    rows = Tag.objects.filter(study=study, name__in=list(names))
    rows = rows.of_studies() if trials is None else rows.filter(trial__in=[trial.pk for trial in trials])
    rows.delete()
    head.touch(study.pk, at=at)


@transaction.atomic
def replace(study: Study, names: Sequence[str], *, trial: Trial | None, person: str, at: datetime) -> None:
    """Let a trial, or with None the study itself, carry exactly these tags. Raises `TagRefused`."""
    names = checked(names)
    owner = None if trial is None else trial.pk
    gone = [name for name in _present(study, [owner])[owner] if name not in names]
    trials = None if trial is None else [trial]
    remove(study, gone, trials=trials, at=at)
    add(study, names, trials=trials, person=person, at=at)


def of_study(study: Study) -> list[str]:
    """Return the tags of a study, in the order of the alphabet."""
    return list(Tag.objects.of_studies().filter(study=study).order_by("name").values_list("name", flat=True))


def of_studies(study_ids: Iterable[int]) -> Mapping[int, list[str]]:
    """Return the tags of several studies by study id, in one query."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = Tag.objects.of_studies().filter(study__in=list(study_ids)).order_by("name")
    for study_id, name in rows.values_list("study_id", "name"):
        found[study_id].append(name)
    return found


def of_trials(trial_ids: Iterable[int]) -> Mapping[int, list[str]]:
    """Return the tags of several trials by trial id, in one query."""
    found: dict[int, list[str]] = defaultdict(list)
    for trial_id, name in (
        Tag.objects.filter(trial__in=list(trial_ids)).order_by("name").values_list("trial_id", "name")
    ):
        if trial_id is not None:
            found[trial_id].append(name)
    return found


def in_use(study: Study, most: int = 100) -> list[str]:
    """Return the tags that stand on the study's trials, in the order of the alphabet."""
    rows = Tag.objects.of_trials().filter(study=study).order_by("name").values_list("name", flat=True)
    return list(rows.distinct()[:most])


def _present(study: Study, owners: Sequence[int | None]) -> Mapping[int | None, set[str]]:
    """Return the tags of several trials of a study (None: of the study itself)."""
    rows = Tag.objects.filter(study=study)
    rows = rows.of_studies() if list(owners) == [None] else rows.filter(trial__in=owners)
    found: dict[int | None, set[str]] = defaultdict(set)
    for owner, name in rows.values_list("trial_id", "name"):
        found[owner].add(name)
    return found
