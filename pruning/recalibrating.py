"""Recording what a study learns about itself while it is judged: calibrations, and signs that they drift."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from pruning import entries, ledger
from pruning.history import Course
from pruning.rules.calibration import Calibration
from pruning.standing import Standing
from trials import head
from trials.alerts.kinds import DRIFT
from trials.alerts.telling import tell
from trials.models import Study


@contextmanager
def calibrations_recorded(study: Study, standing: Standing, course: Course | None) -> Iterator[None]:
    """Give a calibration that was made meanwhile its own ledger row, after the verdict that first cites it."""
    terms = standing.policy.terms
    if course is None or terms is None:
        yield
        return
    before = course.population.in_force(terms)
    yield
    made = course.population.in_force(terms)
    if made is None or made is before:
        return
    ledger.append(study, entries.of_calibration(made, head.next_sequence(study), standing.policy.fingerprint))
    _record_drift(study, standing, course, made)


def _record_drift(study: Study, standing: Standing, course: Course, made: Calibration) -> None:
    """Record the signs of drift that a calibration shows, if one of them was not known yet."""
    strategy, signs = standing.policy.strategy, course.population.signs
    if strategy is None or all((one.sign, one.step) in course.drifted for one in signs):
        return
    policy = standing.policy.fingerprint
    drifted = entries.of_drift(signs, made, strategy, head.next_sequence(study), policy)
    ledger.append(study, drifted)
    tell(DRIFT, study=study, key=f"drift:{study.pk}:{drifted.sequence}", sentence=drifted.sentence, at=timezone.now())
