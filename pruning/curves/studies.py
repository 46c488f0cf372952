"""Curves of the studies that ended here: complete ones, and those that break off where a trial was stopped."""

from __future__ import annotations

import json
import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pruning.backtest import Skipped, Task, obstacle
from pruning.backtest.censored import censor
from pruning.control import draw
from pruning.rules.base import Curve
from pruning.simulate import Pool, Recording
from pruning.standing import policy_of, standing_of
from pruning.surroundings import StudyPlaces
from trials import series
from trials.models import MetricSummary, Study, Trial
from trials.series.codec import Steps, Values

BATCH = 500
"""Trials whose series are read at a time."""
AT_ITS_END = "finished"
"""The ending code of a trial that trained to its own end; a rule's FINISH is complete too, but breaks the curve off."""


def name_of(study: Study) -> str:
    """Return what no other study is called."""
    return f"{study.name} ({study.project.slug})"


def task_of(study: Study, *, most: int | None = None) -> Task | Skipped:
    """Return a study's curves of the objective, or why it cannot be played.

    Points that a resumed attempt superseded are left out, a configuration that was continued by another trial is one
    curve, and a trial that failed, or reported nothing, is left out. A step costs one unit. most: of more
    configurations than this a sample is taken, always the same one.
    """
    name = name_of(study)
    if study.state != Study.State.ENDED:
        return Skipped(task=name, reason="it has not ended: wait for it, or end it with `manage.py stop`")
    chains = _chains(study)
    ended = [chain for chain in chains if chain[-1].state != Trial.State.FAILED]
    n_ended = len(ended)
    ended = _sampled(ended, most, seed=study.seed)
    curves = list(_curves(study, ended))
    told = [(chain, curve) for chain, curve in zip(ended, curves, strict=True) if len(curve)]
    if not told:
        return Skipped(task=name, reason=f"none of its trials reported {study.metric}: there are no curves")
    places = StudyPlaces(study, {}).of([chain[0].number for chain, _ in told])
    labels = _labels(study)
    arm = _Arm.of(study)
    pool = Pool(
        metric=study.metric,
        maximize=not study.minimises,
        horizon=study.horizon,
        recordings=tuple(
            replace(
                Recording.of(str(chain[0].number), curve.steps, curve.values),
                place=places.get(chain[0].number),
                instances={label: _instances(study, chain, label) for label in labels},
                is_control=arm.holds(chain[0]),
            )
            for chain, curve in told
        ),
    )
    cut = {place for place, (chain, curve) in enumerate(told) if _breaks_off(chain[-1], curve, study.horizon)}
    pool = censor(pool, cut)
    if reason := obstacle(pool):
        return Skipped(task=name, reason=reason)
    return Task(
        family=study.project.slug, name=name, pool=pool, left_out=_left_out(len(chains), n_ended, len(ended), len(told))
    )


def _chains(study: Study) -> list[list[Trial]]:
    """Return the trials of every configuration in order, by the number of the first."""
    trials = {trial.pk: trial for trial in study.trials.filter(state__in=Trial.ENDED).order_by("number")}
    roots: dict[int, int] = {}
    chains: dict[int, list[Trial]] = defaultdict(list)
    for pk, trial in trials.items():
        before = trial.continues_id
        roots[pk] = roots.get(before, pk) if before is not None else pk
        chains[roots[pk]].append(trial)
    return list(chains.values())


def _curves(study: Study, chains: Sequence[Sequence[Trial]]) -> Iterator[Curve]:
    """Yield every configuration's curve; a continuing trial's points supersede the older from its first one on."""
    for start in range(0, len(chains), BATCH):
        batch = chains[start : start + BATCH]
        read = series.read_many([trial.pk for chain in batch for trial in chain], study.metric)
        for chain in batch:
            yield _joined([read[trial.pk] for trial in chain if trial.pk in read])


def _joined(pieces: Sequence[tuple[Steps, Values]]) -> Curve:
    points: dict[int, float] = {}
    for steps, values in pieces:
        points = {step: value for step, value in points.items() if step < steps[0]}
        points |= {step: value for step, value in zip(steps.tolist(), values.tolist(), strict=True) if step > 0}
    return Curve.of(list(points), list(points.values()))


def _labels(study: Study) -> list[str]:
    """Return the labels that any series of the objective carries."""
    told = MetricSummary.objects.filter(study=study, metric=study.metric).values_list("labels", flat=True).distinct()
    return sorted({label for text in told for label in json.loads(text)})


def _instances(study: Study, chain: Sequence[Trial], label: str) -> dict[str, Curve]:
    """Return the objective's series that carry this label, by the label's value, joined over the chain."""
    pieces: dict[str, list[tuple[Steps, Values]]] = defaultdict(list)
    for trial in chain:
        for name, points in series.read_instances(trial, study.metric, label).items():
            pieces[name].append(points)
    return {name: _joined(found) for name, found in pieces.items()}


def _breaks_off(last: Trial, curve: Curve, horizon: int) -> bool:
    """Say whether the configuration would have trained on after its last point; what is no number is an end."""
    ended_itself = last.state == Trial.State.COMPLETE and last.ending_code == AT_ITS_END
    return not ended_itself and math.isfinite(curve.values[-1]) and int(curve.steps[-1]) < horizon


@dataclass(frozen=True, kw_only=True)
class _Arm:
    """Who of a study was never compared with its peers."""

    seed: int
    every: int
    is_everyone: bool
    """No revision had a strategy that stopped anything."""

    @classmethod
    def of(cls, study: Study) -> _Arm:
        policies = [policy_of(revision.parsed()) for revision in study.revisions.all()]
        return cls(
            seed=study.seed,
            every=standing_of(study).control_every,
            is_everyone=all(policy.strategy is None or policy.shadow for policy in policies),
        )

    def holds(self, first: Trial) -> bool:
        """Say whether a configuration is a member, by its first trial."""
        if self.is_everyone:
            return True
        drawn = draw(seed=self.seed, suggestion=first.suggestion, every=self.every)
        return drawn is not None and drawn.is_member


def _sampled(chains: list[list[Trial]], most: int | None, *, seed: int) -> list[list[Trial]]:
    """Return at most so many configurations, in their order."""
    if most is None or len(chains) <= most:
        return chains
    return [chains[place] for place in sorted(random.Random(seed).sample(range(len(chains)), most))]


def _left_out(every: int, ended: int, taken: int, told: int) -> str:
    failed, silent = every - ended, taken - told
    counts = [f"{failed} failed" if failed else "", f"{silent} reported nothing" if silent else ""]
    named = " and ".join(filter(None, counts))
    sampled = f"A sample of {taken} of {ended} configurations." if taken < ended else ""
    return " ".join(filter(None, (f"Of {every} configurations {named}; those are left out." if named else "", sampled)))
