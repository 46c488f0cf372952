"""What a person does to many trials at once, whether on a page or over HTTP.

Each intervention is one call and one entry of the record, as a single one is; a trial that a deed does not fit, or
that ended meanwhile, is passed over. Doing the same again therefore finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trials import continuing, endings, query, tags
from trials.models import Study, Trial
from trials.query import Catalogue
from trials.studies import CannotContinue

MOST = 500
"""Trials at once: each is a transaction and an entry of its own."""

TAG, UNTAG = "tag", "untag"


@dataclass(frozen=True)
class Deed:
    """One thing to do to a trial: which trials it fits, and the call that does it to one of them.

    `do(trial, person, note, at)` returns the trial that carries the deed on: the trial itself, of a retry the new one,
    None if it did not fit any more.
    """

    fits: Callable[[Trial], bool]
    do: Callable[[Trial, str, str, datetime], Trial | None]


@dataclass(frozen=True)
class Done:
    """What came of a deed, by trial number."""

    trials: tuple[int, ...]
    """Those it was done to."""
    passed_over: tuple[int, ...]
    """Those it did not fit; they stay as they were."""
    made: tuple[int, ...]
    """The new trials that retries began, in the order of `trials`."""


def _stop(trial: Trial, person: str, note: str, at: datetime) -> Trial | None:
    return trial if endings.stop_by_person(trial, person=person, note=note, at=at) else None


def _pin(trial: Trial, person: str, note: str, at: datetime) -> Trial | None:
    return trial if endings.pin(trial, pinned=True, person=person, note=note, at=at) else None


def _unpin(trial: Trial, person: str, note: str, at: datetime) -> Trial | None:
    return trial if endings.pin(trial, pinned=False, person=person, note=note, at=at) else None


def _retry(trial: Trial, person: str, note: str, at: datetime) -> Trial | None:
    try:
        return continuing.continue_trial(trial, person=person, note=note, at=at)
    except CannotContinue:
        return None


def _may_be_stopped(trial: Trial) -> bool:
    return not trial.has_ended and not trial.halt_code


def _may_be_retried(trial: Trial) -> bool:
    return trial.has_ended and trial.state != Trial.State.COMPLETE and not hasattr(trial, "is_continued")


DEEDS: Mapping[str, Deed] = {
    "stop": Deed(_may_be_stopped, _stop),
    "retry": Deed(_may_be_retried, _retry),
    "pin": Deed(lambda trial: not trial.has_ended and not trial.pinned, _pin),
    "unpin": Deed(lambda trial: not trial.has_ended and trial.pinned, _unpin),
}


def numbered(study: Study, numbers: Sequence[int]) -> list[Trial]:
    """Return the study's trials of the first `MOST` of these numbers, in order; those that another continues marked."""
    found = list(study.trials.filter(number__in=numbers[:MOST]).select_related("study").order_by("number"))
    continued = set(study.trials.filter(continues__in=found).values_list("continues", flat=True))
    for trial in found:
        if trial.pk in continued:
            trial.is_continued = True  # type: ignore[attr-defined]  # read by `_may_be_retried`
    return found


def found_by(study: Study, text: str, *, now: datetime) -> list[int]:
    """Return the numbers of the trials that a typed query finds, in order, at most one more than `MOST`.

    Raises `QueryError`.
    """
    revision = study.newest_revision()
    catalogue = Catalogue(study, revision.parsed(), tuple(revision.looks))
    condition = query.parse(text, catalogue, now=now)
    trials = query.prepared(study.trials.all())
    trials = trials.filter(condition) if condition else trials
    return list(trials.order_by("number").values_list("number", flat=True)[: MOST + 1])


def fitting(name: str, trials: Sequence[Trial]) -> list[Trial]:
    """Return those of some trials, from `numbered`, that a deed fits; tags fit every trial."""
    return [trial for trial in trials if name not in DEEDS or DEEDS[name].fits(trial)]


def perform(name: str, trials: Sequence[Trial], *, person: str, note: str = "", at: datetime) -> Done:
    """Do one of `DEEDS` to each of some trials, from `numbered`, that it fits."""
    deed = DEEDS[name]
    done: list[int] = []
    made: list[int] = []
    for trial in fitting(name, trials):
        if (result := deed.do(trial, person, note, at)) is not None:
            done.append(trial.number)
            made += [result.number] if result.pk != trial.pk else []
    passed_over = tuple(trial.number for trial in trials if trial.number not in done)
    return Done(tuple(done), passed_over, tuple(made))


def tag(study: Study, names: Sequence[str], trials: Sequence[Trial], *, person: str, at: datetime) -> Done:
    """Put tags on trials, on all of them or, where one would carry too many, on none. Raises `TagRefused`."""
    if names:
        tags.add(study, names, trials=trials, person=person, at=at)
    return Done(tuple(trial.number for trial in trials), (), ())


def untag(study: Study, names: Sequence[str], trials: Sequence[Trial], *, at: datetime) -> Done:
    """Take tags away from trials; a tag that is not there is no trouble."""
    tags.remove(study, names, trials=trials, at=at)
    return Done(tuple(trial.number for trial in trials), (), ())
