"""What part of a ledger the address asks for, and the filters with their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Q
from django.http import HttpRequest, QueryDict

from pruning.models import PruningEvent, PruningEventQuerySet
from pruning.pages.words import GLYPHS
from trials.models import Study
from trials.pages.parts import Chip, FilterGroup
from trials.pages.selection import address
from trials.pages.words import code_words

Kind = PruningEvent.Kind
VERDICT_LABELS: Mapping[str, str] = {
    "STOP": "Stopped",
    "PROTECT": "Protected",
    "KEEP": "Kept",
    "ABSTAIN": "No verdict",
    "WARN": "Noticed",
    "FINISH": "Finished early",
    "PAUSE": "Paused",
    "RESUME": "Resumed",
    Kind.ENDED: "Ended otherwise",
    Kind.INTERVENED: "By a person",
    Kind.CALIBRATED: "Calibrated",
    Kind.DRIFTED: "Drift found",
    Kind.LAUNCHED: "Registered",
    Kind.AMENDED: "Amended",
    Kind.CLOSED: "Study ended",
}
FILTER_GLYPHS: Mapping[str, str] = {**GLYPHS, "STOP": "stopped", Kind.ENDED: "finished"}
MOTIVES = ("speed", "risk", "generalisation")
FIELDS = ("verdict", "motive", "reason", "rule")


class Tally(NamedTuple):
    """So many rows that agree in all that one can filter by."""

    kind: str
    verdict: str
    motive: str
    reason: str
    rule: str
    n: int

    @property
    def said(self) -> str:
        """Return the verdict, or the kind of a row that is none."""
        return self.verdict or self.kind


@dataclass(frozen=True)
class AuditQuery:
    """The rows asked for; every field that is set must hold, any of its values will do."""

    verdict: tuple[str, ...] = ()
    motive: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    trial: int | None = None

    @classmethod
    def of(cls, request: HttpRequest) -> AuditQuery:
        """Read the address."""
        trial = request.GET.get("trial", "")
        values = {field: _values(request, field) for field in FIELDS}
        return cls(**values, trial=int(trial) if trial.isdecimal() and len(trial) < 10 else None)

    def rows(self, study: Study) -> PruningEventQuerySet:
        """Return the study's rows that match, in no order."""
        rows = PruningEvent.objects.of_study(study)
        if self.verdict:
            kinds = [kind for kind in self.verdict if kind in Kind.values]
            rows = rows.filter(
                Q(verdict__in=[one for one in self.verdict if one not in kinds and one]) | Q(kind__in=kinds)
            )
        for field in ("motive", "reason", "rule"):
            if chosen := getattr(self, field):
                rows = rows.filter(**{f"{field}__in": chosen})
        return rows.of_trial(self.trial) if self.trial is not None else rows

    def matches(self, tally: Tally) -> bool:
        """Say whether the rows of a tally are among those asked for, leaving the trial aside."""
        return (
            (not self.verdict or tally.said in self.verdict)
            and (not self.motive or tally.motive in self.motive)
            and (not self.reason or tally.reason in self.reason)
            and (not self.rule or tally.rule in self.rule)
        )

    @property
    def is_open(self) -> bool:
        """Say whether everything is asked for."""
        return self == AuditQuery()


def tallies(study: Study, trial: int | None) -> list[Tally]:
    """Count the rows by everything one can filter by, in one query."""
    rows = PruningEvent.objects.of_study(study)
    rows = rows if trial is None else rows.of_trial(trial)
    counted = rows.values_list("kind", "verdict", "motive", "reason", "rule").annotate(n=Count("id")).order_by()
    return [Tally(*row) for row in counted]


def groups(path: str, carried: QueryDict, query: AuditQuery, counted: Sequence[Tally]) -> list[FilterGroup]:
    """Return the filters with the number of rows behind each, counted over the whole ledger."""

    def group(label: str, field: str, value_of: Callable[[Tally], str], words: Callable[[str], str]) -> FilterGroup:
        counts: Counter[str] = Counter()
        for tally in counted:
            counts[value_of(tally)] += tally.n
        chosen = getattr(query, field)
        order = sorted(counts, key=lambda value: (_place(field, value), -counts[value], value))
        chips = [_chip(path, carried, field, value, words(value), counts[value], chosen) for value in order if value]
        return FilterGroup(label, chips)

    found = [
        group("Verdict", "verdict", lambda tally: tally.said, lambda value: VERDICT_LABELS.get(value, value.lower())),
        group("Motive", "motive", lambda tally: tally.motive, str.capitalize),
        group("Reason", "reason", lambda tally: tally.reason, code_words),
        group("Rule", "rule", lambda tally: tally.rule, code_words),
    ]
    if query.trial is not None:
        url = address(path, carried, trial=None, before=None)
        found.insert(0, FilterGroup("Trial", [Chip(f"trial {query.trial} ×", url, active=True)]))
    return [one for one in found if one.items]


def _chip(
    path: str, carried: QueryDict, field: str, value: str, label: str, count: int, chosen: tuple[str, ...]
) -> Chip:
    active = value in chosen
    left = [other for other in chosen if other != value] if active else [*chosen, value]
    changes: dict[str, str | None] = {field: ",".join(left) or None, "before": None, "after": None}
    glyph = value if field == "motive" else FILTER_GLYPHS.get(value, "") if field == "verdict" else ""
    return Chip(label, address(path, carried, **changes), count, active=active, glyph=glyph)


def _place(field: str, value: str) -> int:
    order: Sequence[str] = {"verdict": tuple(VERDICT_LABELS), "motive": MOTIVES}.get(field, ())
    return order.index(value) if value in order else len(order)


def _values(request: HttpRequest, field: str) -> tuple[str, ...]:
    return tuple(value for value in request.GET.get(field, "")[:500].split(",") if value)[:30]
