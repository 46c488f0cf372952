"""The filters of the audit page with the number of rows behind each, counted over the whole ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from django.http import QueryDict

from pruning import querysets
from pruning.models import PolicyVersion, PruningEvent
from pruning.pages.asking import AuditQuery
from pruning.pages.finding import COUNTED_TO, Asked
from pruning.pages.words import GLYPHS
from pruning.rollups import Rollup, Tally
from trials.pages.parts import Chip, FilterGroup
from trials.pages.selection import address
from trials.pages.words import code_words, whole

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
SHORT = 12
"""Characters of a fingerprint that an address carries."""
MOST_PEOPLE = 12


def groups(path: str, carried: QueryDict, asked: Asked) -> list[FilterGroup]:
    """Return the filters of a ledger."""
    query, rollup = asked.query, asked.rollup
    policies = _policy_names(rollup.tallies)

    def group(label: str, field: str, value_of: Callable[[Tally], str], words: Callable[[str], str]) -> FilterGroup:
        counts: Counter[str] = Counter()
        for tally in rollup.tallies:
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
        group("Policy", "policy", lambda tally: tally.policy[:SHORT], lambda value: policies.get(value, value)),
        _people(path, carried, query, rollup),
        _looks(path, carried, asked),
    ]
    if query.trial is not None:
        url = address(path, carried, trial=None, before=None, after=None)
        found.insert(0, FilterGroup("Trial", [Chip(f"trial {query.trial} ×", url, active=True)]))
    return [one for one in found if one.items]


def _people(path: str, carried: QueryDict, query: AuditQuery, rollup: Rollup) -> FilterGroup:
    shown = [person for person in rollup.people if person == query.person]
    shown += [person for person in rollup.people if person != query.person][:MOST_PEOPLE]
    chips = [
        Chip(
            person,
            address(path, carried, person=None if person == query.person else person, before=None, after=None),
            rollup.people[person],
            active=person == query.person,
        )
        for person in shown
    ]
    return FilterGroup("Person", chips)


def _looks(path: str, carried: QueryDict, asked: Asked) -> FilterGroup:
    """Return the decision points at which anything was said; a count stops where counting on would cost more."""
    counts = querysets.counts_at_steps(asked.study, querysets.looks_of(asked.study), most=COUNTED_TO + 1)
    chips = []
    for step, n in counts.items():
        active = asked.query.step_from == asked.query.step_to == step
        at = None if active else step
        url = address(path, carried, step_from=at, step_to=at, before=None, after=None)
        if n or active:
            count = f"{whole(COUNTED_TO)}+" if n > COUNTED_TO else n
            chips.append(Chip(f"at step {whole(step)}", url, count, active=active))
    return FilterGroup("Look", chips)


def _policy_names(tallies: Sequence[Tally]) -> Mapping[str, str]:
    """Return name and version of the policies that rows were written under, by the head of their fingerprints."""
    known = {tally.policy for tally in tallies if tally.policy}
    rows = PolicyVersion.objects.filter(fingerprint__in=known).values_list("fingerprint", "policy__name", "number")
    return {fingerprint[:SHORT]: f"{name} v{number}" for fingerprint, name, number in rows}


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
