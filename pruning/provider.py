"""What the ledger tells the pages of `trials` (`settings.TRIAL_PAGE_PROVIDER`)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.urls import reverse

from pruning import library, querysets
from pruning.intervals import clopper_pearson
from pruning.models import LedgerHead, PruningEvent
from pruning.rules.reasons import MEANINGS
from pruning.standing import standing_of
from pruning.verify import verify
from trials.facts import ControlArm, Cut, PolicyWords, Ruling, Seal
from trials.models import Observation, Study, Trial

NOT_JUDGED = ("stopped_by_user", "study_closed")
# Checking so many rows costs less than the rest of a page.
MOST_CHECKED = 1_000


class LedgerProvider:
    """Answers from the ledger, each question in a fixed number of queries."""

    def n_entries(self, study: Study) -> int:
        return PruningEvent.objects.of_study(study).count()

    def audit_url(self, study: Study) -> str:
        return reverse("pruning:audit", args=[study.pk])

    def policy(self, study: Study) -> PolicyWords | None:
        policy = standing_of(study).policy
        version = library.version_of(policy)
        return PolicyWords(
            name=policy.name,
            version=f"v{version}" if version else "",
            fingerprint=policy.fingerprint,
            description=policy.description,
        )

    def reason_words(self, code: str) -> str:
        return MEANINGS.get(code, "")

    def cuts(self, study: Study) -> Sequence[Cut]:
        return [cut for event in querysets.newest_by_step(study) if (cut := cut_of(event)) is not None]

    def control_arms(self, studies: Sequence[Study]) -> Mapping[int, ControlArm]:
        spared = querysets.spared(study.uid for study in studies)
        wanted = Q(pk__in=[])
        for study in studies:
            if study.uid in spared:
                wanted |= Q(study=study, number__in=spared[study.uid])
        trials: dict[int, list[Trial]] = {study.pk: [] for study in studies}
        for trial in Trial.objects.filter(wanted).order_by("study_id", "number"):
            trials[trial.study_id].append(trial)
        return {study.pk: control_arm(study, trials[study.pk]) for study in studies}

    def spared_numbers(self, study: Study) -> frozenset[int]:
        return querysets.spared([study.uid]).get(study.uid, frozenset())

    def last_rulings(self, study: Study, numbers: Sequence[int]) -> Mapping[int, Ruling]:
        found = querysets.newest_by_trial(study, numbers)
        return {event.trial_number: ruling_of(study, event) for event in found if event.trial_number is not None}

    def rulings(self, trial: Trial) -> Sequence[Ruling]:
        events = PruningEvent.objects.of_study(trial.study).of_trial(trial.number).verdicts().order_by("sequence")
        return [ruling_of(trial.study, event) for event in events]

    def seals(self, trial: Trial) -> Sequence[Seal]:
        n = LedgerHead.objects.filter(study_uid=trial.study.uid).values_list("n_rows", flat=True).first() or 0
        if not 0 < n <= MOST_CHECKED:
            return ()
        found = verify(trial.study.uid)
        where = f"at entry {found.sequence}" if found.sequence is not None else "at its end"
        text = "Chain intact" if found.holds else f"Chain breaks {where}"
        return [Seal(text, "chain", "good" if found.holds else "bad", found.sentence())]

    def waiting_for(self, study: Study) -> str:
        if querysets.strategic(study).exists():
            return ""
        standing = standing_of(study)
        if not standing.looks:
            return "This policy has no looks: only a gate may stop a trial."
        first, needed = standing.looks[0], standing.policy.safeguards.min_peers + 1
        reached = Observation.objects.filter(study=study, step=first).values("trial").distinct().count()
        trials = "one trial has" if needed == 1 else f"{needed} trials have"
        return f"The first look is at step {first:,}, once {trials} reached it. {_have(reached)}"


def ruling_of(study: Study, event: PruningEvent) -> Ruling:
    """Return a ledger row as the pages of `trials` show it."""
    evidence = event.evidence
    return Ruling(
        sequence=event.sequence,
        number=event.trial_number if event.trial_number is not None else -1,
        step=event.step or 0,
        action=event.verdict,
        sentence=event.sentence,
        reason=event.reason,
        motive=event.motive,
        at=event.at,
        value=_number(evidence.get("value")),
        cut=_number(evidence.get("cut")),
        rank=evidence.get("rank"),
        of=evidence.get("population"),
        quota=evidence.get("quota"),
        url=reverse("pruning:event", args=[study.pk, event.sequence]),
    )


def cut_of(event: PruningEvent) -> Cut | None:
    """Return the cut a verdict was held against, if it knew one."""
    value = _number(event.evidence.get("cut"))
    if value is None or event.step is None or not math.isfinite(value):
        return None
    return Cut(event.step, value, int(event.evidence.get("reached", 0)))


def control_arm(study: Study, spared: Sequence[Trial]) -> ControlArm:
    """Return how a study's spared trials fared against all the others."""
    judged = [
        (trial.number, trial.value)
        for trial in spared
        if trial.has_ended and trial.value is not None and trial.ending_code not in NOT_JUDGED
    ]
    if not judged:
        return ControlArm(met=len(spared))
    best = _best_of_others(study, {trial.number for trial in spared})
    wrong = sum(best is not None and study.better(value, best) for _, value in judged)
    low, high = clopper_pearson(wrong, len(judged))
    return ControlArm(met=len(spared), judged=len(judged), wrong=wrong, low=low, high=high, spared=judged)


def _best_of_others(study: Study, spared: set[int]) -> float | None:
    if study.best_number not in spared:
        return study.best_value
    others = Trial.objects.filter(study=study, state=Trial.State.COMPLETE, value__isnull=False)
    order = "value" if study.minimises else "-value"
    return others.exclude(number__in=spared).order_by(order, "number").values_list("value", flat=True).first()


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _have(n: int) -> str:
    return "None has." if n == 0 else "One has." if n == 1 else f"{n} have."
