"""Whether a study here behaves otherwise than similar ones did (`pruning.library.shift`)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import lru_cache
from uuid import UUID

from django.db.models import Count, F, Q

from pruning import cards
from pruning.launch_terms import launch_terms
from pruning.library.measures import Measures, Point
from pruning.library.neighbours import Neighbour, near, ranked
from pruning.library.prior import Prior, prior_from
from pruning.library.shift import FEWEST_ENDED, MOST, Shift, shifts
from pruning.models import PruningEvent, StudyCard
from pruning.rules.calibration import Calibration
from pruning.standing import standing_of
from trials.models import MetricSummary, Study, Trial
from trials.models.values import FINITE
from trials.series import canonical_labels

LAG = 1_000
"""Diverged trials are counted again once more than one in so many has ended since."""
STUDIES = 256

_counts: OrderedDict[UUID, tuple[int, tuple[int, int]]] = OrderedDict()
_guard = threading.Lock()


def shifts_of(study: Study) -> tuple[Shift, ...]:
    """Return where a study disagrees with what the project's other studies and the starter library led to expect.

    From its card once it has one; while it runs, from its newest calibration and the values its ended trials told. Says
    nothing, and asks nothing of the database, before enough trials have ended.
    """
    if study.n_ended < FEWEST_ENDED:
        return ()
    row = StudyCard.objects.filter(study=study).first()
    card = cards.read(row) if row is not None else None
    observed = card.measures if card is not None else _so_far(study)
    if observed is None:
        return ()
    others = StudyCard.objects.filter(study__project=study.project_id).exclude(study=study)
    newest = others.order_by("-pk").values_list("pk", flat=True).first()
    prior, neighbours = _expected(study.pk, study.version if study.ending_code else 0, newest)
    return tuple(shifts(observed, prior, neighbours, horizon=study.horizon, unit=study.step_unit.removesuffix("s")))


@lru_cache(maxsize=128)
def _expected(study_id: int, version: int, newest: int | None) -> tuple[Prior, list[Neighbour]]:
    """Return what similar studies lead to expect; version and newest: what the answer is remembered by."""
    study = Study.objects.select_related("project").get(pk=study_id)
    revision = study.newest_revision()
    plan = revision.parsed()
    asked = cards.descriptors_of(plan, revision.looks)
    neighbours = near(ranked((kept.card for kept in cards.of_project(study.project, but=study)), asked), most=MOST)
    fixed = launch_terms(plan.policy).prior
    return (Prior.from_mapping(fixed) if fixed else prior_from(neighbours)), neighbours


def _so_far(study: Study) -> Measures:
    """Return what a running study has shown of itself."""
    n_ended, n_diverged = _diverged(study)
    profile = _links(study)
    return Measures(profile=profile, diverged=n_diverged / n_ended if n_ended else 0.0, n_trials=n_ended)


def _links(study: Study) -> tuple[Point, ...]:
    """Return the links of the newest calibration that lead to the end of training."""
    if standing_of(study).policy.terms is None:
        return ()
    # By the index of verdicts, of which such a row has none: by number alone, all since the newest would be read.
    rows = PruningEvent.objects.of_study(study).filter(verdict="", kind=PruningEvent.Kind.CALIBRATED)
    newest = rows.order_by("-sequence").first()
    if newest is None:
        return ()
    calibration = Calibration.from_mapping(newest.evidence["calibration"])
    return tuple(
        Point(share=link.start / study.horizon, agreement=link.corrected, pairs=link.pairs)
        for link in calibration.links
        if link.end == calibration.horizon and link.corrected is not None
    )


def _diverged(study: Study) -> tuple[int, int]:
    """Return how many ended trials told the objective, and how many of them ended as no number or worse than begun.

    Of many trials as of when they were last counted: a share does not move with one trial in a thousand.
    """
    with _guard:
        held = _counts.get(study.uid)
    if held is not None and study.n_ended - held[0] <= held[0] // LAG:
        return held[1]
    found = _count_diverged(study)
    with _guard:
        _counts[study.uid] = (study.n_ended, found)
        _counts.move_to_end(study.uid)
        while len(_counts) > STUDIES:
            _counts.popitem(last=False)
    return found


def _count_diverged(study: Study) -> tuple[int, int]:
    worse = Q(last_value__gt=F("first_value")) if study.minimises else Q(last_value__lt=F("first_value"))
    told = MetricSummary.objects.filter(
        study=study, metric=study.metric, labels=canonical_labels(None), trial__state__in=Trial.ENDED
    )
    found = told.aggregate(n=Count("pk"), diverged=Count("pk", filter=worse | ~Q(last_value_state=FINITE)))
    return found["n"], found["diverged"]
