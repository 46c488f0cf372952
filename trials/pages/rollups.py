"""Trials counted by how they ended or where they stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from trials.models import EndingCount, Study, Trial
from trials.pages import words
from trials.pages.parts import Share

ORDER = ("finished", "running", "speed", "risk", "generalisation", "stopped", "paused", "failed", "waiting")


class Group(NamedTuple):
    """So many trials in one state for one reason."""

    state: str
    code: str
    motive: str
    n: int

    @property
    def kind(self) -> str:
        """Return the glyph of these trials."""
        return words.kind_of(self.state, self.motive)

    @property
    def is_stopped(self) -> bool:
        """Say whether a rule stopped them."""
        return self.state == Trial.State.PRUNED and bool(self.motive)


def endings(studies: Iterable[Study]) -> Mapping[int, Sequence[Group]]:
    """Return the groups of each study, in one query over what stands ready."""
    studies = list(studies)
    found: dict[int, list[Group]] = defaultdict(list)
    rows = (
        EndingCount.objects.filter(study__in=studies, n__gt=0)
        .order_by("study_id", "state", "code", "motive")
        .values_list("study_id", "state", "code", "motive", "n")
    )
    for study_id, state, code, motive, n in rows:
        found[study_id].append(Group(state, code, motive, n))
    for study in studies:
        open_ones = ((Trial.State.RUNNING, study.n_running), (Trial.State.WAITING, study.n_waiting))
        found[study.pk] += [Group(state.value, "", "", n) for state, n in open_ones if n]
    return found


def shares(groups: Iterable[Group], *, planned: int = 0) -> list[Share]:
    """Return how many trials stand under each glyph, in a fixed order, the empty ones left out.

    What is planned and not suggested yet waits too: a bar shows how much of the plan is done.
    """
    counts: dict[str, int] = defaultdict(int)
    for group in groups:
        counts[group.kind] += group.n
    counts["waiting"] += max(0, planned - sum(counts.values()))
    return [Share(kind, counts[kind]) for kind in ORDER if counts[kind]]


def stopped(groups: Iterable[Group]) -> int:
    """Return how many trials a rule stopped."""
    return sum(group.n for group in groups if group.is_stopped)


def stopped_by_motive(groups: Iterable[Group]) -> dict[str, int]:
    """Return how many trials each motive stopped, in a fixed order."""
    counts = dict.fromkeys(("speed", "risk", "generalisation"), 0)
    for group in groups:
        if group.is_stopped:
            counts[group.motive] = counts.get(group.motive, 0) + group.n
    return {motive: n for motive, n in counts.items() if n}


def saved_share(study: Study) -> float | None:
    """Return the share of the steps that stopping left untrained; None before anything was trained."""
    planned = study.steps_trained + study.steps_saved
    return study.steps_saved / planned if planned else None
