"""What the ledger tells the pages of `trials` (`settings.TRIAL_PAGE_PROVIDER`)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.urls import reverse

from pruning import judging, querysets, rollups, shifting, versions
from pruning.judgement.best_k import Judgement
from pruning.judgement.pooled import Pooled
from pruning.models import PruningEvent
from pruning.presets import DEFAULT, DESCRIPTIONS, PRESETS, risk_of
from pruning.rules.reasons import MEANINGS
from pruning.searching import searchable
from pruning.standing import standing_of
from pruning.verify import verify
from trials.facts import (
    ControlArm,
    Cut,
    Intervention,
    PolicyChoice,
    PolicyWords,
    PooledArm,
    Ruling,
    Seal,
    Searchable,
)
from trials.models import Observation, Study, Trial

# Checking so many rows costs less than the rest of a page.
MOST_CHECKED = 1_000


class LedgerProvider:
    """Answers from the ledger, each question in a fixed number of queries."""

    def n_entries(self, study: Study) -> int:
        return rollups.total(study)

    def audit_url(self, study: Study) -> str:
        return reverse("pruning:audit", args=[study.pk])

    def lab_url(self, study: Study) -> str:
        if study.state != Study.State.ENDED or not study.n_complete:
            return ""
        return f"{reverse('pruning:backtest_new')}?study={study.pk}"

    def halted_url(self, study: Study) -> str:
        return reverse("pruning:halted", args=[study.pk])

    def policy(self, study: Study) -> PolicyWords | None:
        policy = standing_of(study).policy
        version = versions.version_of(policy)
        return PolicyWords(
            name=policy.name,
            version=f"v{version}" if version else "",
            fingerprint=policy.fingerprint,
            description=policy.description,
        )

    def policy_choices(self) -> Sequence[PolicyChoice]:
        return [
            PolicyChoice(
                name=name,
                description=DESCRIPTIONS[name],
                risk=risk_of(preset),
                mapping=preset,
                is_default=name == DEFAULT,
            )
            for name, preset in PRESETS.items()
        ]

    def at_risk(self, name: str, risk: object) -> Mapping[str, object]:
        preset = PRESETS[name]
        if risk_of(preset) == risk:
            return {"preset": name}
        strategy = cast(Mapping[str, object], preset["strategy"])
        return {"preset": name, "strategy": {**strategy, "risk": risk}}

    def reason_words(self, code: str) -> str:
        return MEANINGS.get(code, "")

    def cuts(self, study: Study) -> Sequence[Cut]:
        return [cut for event in querysets.newest_by_step(study) if (cut := cut_of(event)) is not None]

    def control_arms(self, studies: Sequence[Study]) -> Mapping[int, ControlArm]:
        return {
            pk: control_arm_of(one.judgement, one.drawn, one.finished) for pk, one in judging.judged(studies).items()
        }

    def pooled_arm(self, study: Study) -> PooledArm | None:
        return pooled_arm_of(judging.pooled(study))

    def spared_numbers(self, study: Study, among: Sequence[int] | None = None) -> frozenset[int]:
        if among is not None:
            return querysets.spared_among(study, among)
        return querysets.spared([study.uid]).get(study.uid, frozenset())

    def last_rulings(self, study: Study, numbers: Sequence[int]) -> Mapping[int, Ruling]:
        found = querysets.newest_by_trial(study, numbers)
        return {event.trial_number: ruling_of(study, event) for event in found if event.trial_number is not None}

    def rulings(self, trial: Trial) -> Sequence[Ruling]:
        events = PruningEvent.objects.of_study(trial.study).of_trial(trial.number).verdicts().order_by("sequence")
        return [ruling_of(trial.study, event) for event in events]

    def rulings_of(self, study: Study, numbers: Sequence[int]) -> Mapping[int, Sequence[Ruling]]:
        # In the order of the index of trials: by sequence alone, SQLite would read the whole ledger in that order.
        events = PruningEvent.objects.of_study(study).verdicts().filter(trial_number__in=numbers)
        events = events.order_by("trial_number", "sequence")
        found: dict[int, list[Ruling]] = {}
        for event in events:
            if event.trial_number is not None:
                found.setdefault(event.trial_number, []).append(ruling_of(study, event))
        return found

    def interventions(self, trial: Trial) -> Sequence[Intervention]:
        events = PruningEvent.objects.of_study(trial.study).of_trial(trial.number)
        return [
            Intervention(
                sequence=event.sequence,
                action=event.reason,
                sentence=event.sentence,
                at=event.at,
                url=reverse("pruning:event", args=[trial.study_id, event.sequence]),
            )
            for event in events.filter(kind=PruningEvent.Kind.INTERVENED).order_by("sequence")
        ]

    def seals(self, trial: Trial) -> Sequence[Seal]:
        if not 0 < querysets.newest_sequence(trial.study) <= MOST_CHECKED:
            return ()
        found = verify(trial.study.uid)
        where = f"at entry {found.sequence}" if found.sequence is not None else "at its end"
        text = "Chain intact" if found.holds else f"Chain breaks {where}"
        return [Seal(text, "chain", "good" if found.holds else "bad", found.sentence())]

    def searchable(self, study: Study) -> Sequence[Searchable]:
        return searchable(study)

    def unlike_others(self, study: Study) -> Sequence[str]:
        return [shift.sentence for shift in shifting.shifts_of(study)]

    def waiting_for(self, study: Study) -> str:
        # In the order of the ledger, whose first rows tell: elsewhere, thousands of acts of people stand before them.
        if querysets.strategic(study).order_by("sequence").values_list("sequence").first() is not None:
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
    at = "cut_best" if event.evidence.get("by") == "ahead" else "cut"  # where the last that goes on stands, not heads
    value = _number(event.evidence.get(at))
    if value is None or event.step is None or not math.isfinite(value) or "probability_of" in event.evidence:
        return None  # with a chance, the cut is one of ends, not of values at this step
    return Cut(event.step, value, int(event.evidence.get("reached", 0)))


def pooled_arm_of(found: Pooled | None) -> PooledArm | None:
    """Return a pooled share as the pages of `trials` show it."""
    if found is None:
        return None
    return PooledArm(found.studies, found.hits, found.known, found.mean, found.low, found.high)


def control_arm_of(judgement: Judgement, drawn: Sequence[tuple[int, float]] = (), finished: int = 0) -> ControlArm:
    """Return a study's judgement as the pages of `trials` show it, with those of the finished that are drawn."""
    return ControlArm(
        met=judgement.met,
        judged=judgement.best_k.known,
        wrong=judgement.best_k.hits,
        low=judgement.best_k.low,
        high=judgement.best_k.high,
        finished=finished,
        spared=drawn,
        k=judgement.k,
        unknown=len(judgement.unknown),
        paused=len(judgement.paused),
        beat=judgement.winner.hits,
        gain=judgement.gain,
        beat_high=judgement.winner.high,
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _have(n: int) -> str:
    return "None has." if n == 0 else "One has." if n == 1 else f"{n} have."
