"""What a study stands under: its policy and looks, remembered per revision, and each trial's place in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID

from pruning.control import draw
from pruning.policy import Policy
from pruning.rules.base import Draw
from pruning.rules.calibrated_halving import CalibratedHalving
from trials.models import Revision, Study, Trial
from trials.plan import Plan
from trials.trainables import registry


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What does not change between two decisions of one revision."""

    policy: Policy
    looks: tuple[int, ...]
    control_every: int
    """Fixed by the first revision: an amendment does not redraw the control arm."""


def standing_of(study: Study, revision: tuple[int, str] | None = None) -> Standing:
    """Return what holds under a study's newest revision; `revision`: its number and fingerprint, where known."""
    if revision is None:
        revisions = Revision.objects.filter(study=study).order_by("-number")
        revision = revisions.values_list("number", "fingerprint")[0]
    return _of_revision(study.uid, *revision)


def policy_of(plan: Plan) -> Policy:
    """Return the policy a plan names; PolicyError if it does not name one.

    A preset pauses trials, to resume them from a checkpoint; a study that other programs report to has no
    checkpoints of ours, so there the preset's strategy stops them. One that the plan writes out is taken as it is.
    """
    policy = Policy.from_mapping(plan.policy)
    strategy = policy.strategy
    is_presets = not isinstance(plan.policy, Mapping) or "strategy" not in plan.policy
    if is_presets and plan.trainable is None and isinstance(strategy, CalibratedHalving):
        return replace(policy, strategy=replace(strategy, action="stop"))
    return policy


def labels_of(plan: Plan) -> tuple[str, ...] | None:
    """Return the labels that series of the plan's objective carry; None if that is not known beforehand."""
    if plan.trainable is None or plan.trainable.name not in registry.names():
        return None
    metrics = registry.get(plan.trainable.name).metrics
    return next((info.labels for info in metrics if info.name == plan.objective.metric), ())


def draw_of(study: Study, trial: Trial, every: int) -> Draw | None:
    """Return the control arm's draw for a trial."""
    return draw(seed=study.seed, suggestion=trial.suggestion, every=every)


def root_number(trial: Trial) -> int:
    """Return the number of the configuration: of the first trial in a chain of continuations."""
    seen = {trial.pk}
    while trial.continues_id is not None and trial.continues_id not in seen:
        seen.add(trial.continues_id)
        trial = Trial.objects.only("id", "number", "continues_id").get(pk=trial.continues_id)
    return trial.number


@lru_cache(maxsize=256)
def _of_revision(study_uid: UUID, number: int, fingerprint: str) -> Standing:
    """Return what holds under one revision; the key outlives a row number that a rollback gave back."""
    revisions = Revision.objects.filter(study__uid=study_uid)
    revision = revisions.get(number=number, fingerprint=fingerprint)
    first = revisions.order_by("number")[0]
    return Standing(
        policy=policy_of(revision.parsed()),
        looks=tuple(int(look) for look in revision.looks),
        control_every=policy_of(first.parsed()).safeguards.control_every,
    )
