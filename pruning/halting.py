"""Gathering what became of a study's trials for `pruning.halted`: a few queries, kept until the study moves on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from pruning import control, judging, rollups
from pruning.halted import regions
from pruning.halted.outcomes import Outcomes, Places
from pruning.halted.regions import Sight, Thin, Unfair
from pruning.reckoning import n_drifts, rules_read
from pruning.standing import standing_of
from trials.models import Observation, Study, Trial
from trials.pages.paced import Paced
from trials.pages.words import kind_of
from trials.space import Categorical, Parameter, Space
from trials.space.places import coordinate, places_of

S = Trial.State
_UNSET = object()
MOST_VALUES = 1_000
"""Of a range with more values, no bar can be seen to hold one more than the next."""


@dataclass(frozen=True, kw_only=True)
class Halting:
    """What a study halted, and what is to be said of it."""

    outcomes: Outcomes
    values: NDArray[np.float64]
    """The end's value of the finished, the best seen of all others; as told, NaN without one."""
    spared_for: Mapping[int, str]
    """The reason that a rule had, by the number of the trial that the control arm protected."""
    spared_by: Mapping[int, str]
    """That rule."""
    stopped_by: Mapping[int, str]
    """The rule that stopped a trial, by its number."""
    unfair: Sequence[Unfair]
    sight: Sight | None
    """What the test for unfair regions could see."""
    thin: Sequence[Thin]
    n_drifts: int
    n_waiting: int


_kept: Paced[UUID, Halting] = Paced()


def halting_of(study: Study, space: Space) -> Halting:
    """Return what a study halted, as it stands."""
    return _kept.get(study.uid, _version(study), lambda: _gathered(study, space), exact=True)


def halting_shown(study: Study, space: Space) -> Halting:
    """Return what a page shows of it: of a large study that runs, as it stood a while ago."""
    return _kept.get(study.uid, _version(study), lambda: _gathered(study, space))


def version_shown(study: Study) -> str:
    """Return the version of what `halting_shown` answers with."""
    return _kept.version(study.uid, _version(study))


def _version(study: Study) -> str:
    return f"{study.version}-{study.sequence}"


def _gathered(study: Study, space: Space) -> Halting:
    rows = list(
        Trial.objects.filter(study=study)
        .exclude(state=S.WAITING)
        .order_by("number")
        .values_list(
            "number",
            "state",
            "ending_code",
            "ending_motive",
            "ending_step",
            "last_step",
            "value",
            "best_value",
            "suggestion",
            "params",
        )
    )
    standing = standing_of(study)
    spared_for, spared_by = _spared(study)
    members = _members(study, [row[8] for row in rows], standing.policy.safeguards.control_every)
    numbers = np.array([row[0] for row in rows], dtype=np.int64)
    finals = np.array([_finite(row[6]) if row[1] == S.COMPLETE else math.nan for row in rows])
    looks = standing.looks
    outcomes = Outcomes(
        looks=looks,
        number=numbers,
        kind=[kind_of(row[1], row[3], spared=row[0] in spared_for) for row in rows],
        reason=[row[2] for row in rows],
        step=np.array([row[4] if row[4] is not None else row[5] or 0 for row in rows], dtype=np.int64),
        at_looks=_at_looks(study, looks, numbers, members, finals),
        control=members,
        places=_places(space, [row[9] for row in rows]),
    )
    judgement = judging.judged([study])[study.pk].judgement
    spoke_last = rules_read(study)
    stopped = numbers[outcomes.stopped].tolist()
    first = looks[0] if looks else 0
    return Halting(
        outcomes=outcomes,
        values=np.array([_finite(row[6] if row[1] == S.COMPLETE else row[7]) for row in rows]),
        spared_for=spared_for,
        spared_by=spared_by,
        stopped_by={number: spoke_last[number] for number in stopped if number in spoke_last},
        unfair=regions.unfair(outcomes),
        sight=regions.sight(outcomes),
        thin=regions.thin(outcomes, first_look=first, wrong=frozenset(judgement.wrong)),
        n_drifts=n_drifts(study),
        n_waiting=study.n_waiting,
    )


def _at_looks(
    study: Study,
    looks: Sequence[int],
    numbers: NDArray[np.int64],
    members: NDArray[np.bool_],
    finals: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the objective at the looks and at the end, the smaller the better, of those that the test reads: the
    control arm's at every look, everybody's at the last one.
    """
    found = np.full((len(numbers), len(looks) + 1), np.nan)
    sign = 1.0 if study.minimises else -1.0
    found[:, -1] = sign * finals
    if not looks:
        return found
    place_of_number = {int(number): place for place, number in enumerate(numbers)}
    observed = Observation.objects.filter(study=study).order_by("sequence")
    control_arm = observed.filter(step__in=looks[:-1], trial__number__in=numbers[members].tolist())
    for queryset in (control_arm, observed.filter(step=looks[-1])):
        for number, step, best in queryset.values_list("trial__number", "step", "best"):
            place = place_of_number.get(number)
            if place is not None and best is not None:
                found[place, looks.index(step)] = sign * best
    return found


def _places(space: Space, params: Sequence[Mapping[str, object]]) -> dict[str, Places]:
    """Return where every configuration stands on every parameter."""
    found = {}
    for parameter in space:
        told = [one.get(parameter.name, _UNSET) for one in params]
        if isinstance(parameter, Categorical):
            texts = [str(coordinate(parameter, choice)) for choice in parameter.choices]
            index = {text: place for place, text in enumerate(texts)}
            at = np.array([_index(index, parameter, value) for value in told])
            found[parameter.name] = Places(parameter.name, at, [str(choice) for choice in parameter.choices])
        else:
            found[parameter.name] = Places(parameter.name, places_of(parameter, told), grid=_grid(parameter))
    return found


def _index(index: Mapping[str, int], parameter: Categorical, value: object) -> float:
    return math.nan if value is _UNSET else index.get(str(coordinate(parameter, value)), math.nan)


def _grid(parameter: Parameter) -> Sequence[float]:
    """Return the places of the values of a range that goes in steps; of more than can be told apart none."""
    if isinstance(parameter, Categorical) or not parameter.step:
        return ()
    n = math.floor((parameter.high - parameter.low) / parameter.step + 1e-9) + 1
    if n > MOST_VALUES:
        return ()
    return list(map(float, places_of(parameter, [parameter.low + parameter.step * k for k in range(n)])))


def _spared(study: Study) -> tuple[dict[int, str], dict[int, str]]:
    """Return the reason, and the rule, of the last verdict that the control arm overruled, by the trial's number."""
    spared_for, spared_by = {}, {}
    for said in rollups.spared_since({study.uid: -1}):
        if said.wanted != "RESUME":
            spared_for[said.trial_number], spared_by[said.trial_number] = said.reason, said.rule
    return spared_for, spared_by


def _members(study: Study, suggestions: Sequence[int | None], every: int) -> NDArray[np.bool_]:
    """Say of each suggestion whether its trial is a member of the control arm, bool[n]."""
    if not every:
        return np.zeros(len(suggestions), dtype=bool)
    blocks = {suggestion // every for suggestion in suggestions if suggestion is not None}
    drawn = control.members(seed=study.seed, blocks=blocks, every=every)
    return np.array([suggestion in drawn for suggestion in suggestions], dtype=bool)


def _finite(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else math.nan
