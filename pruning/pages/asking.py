"""What part of a ledger the address asks for, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpRequest

from pruning.rollups import Tally

FIELDS = ("verdict", "motive", "reason", "rule", "policy")


@dataclass(frozen=True)
class AuditQuery:
    """The rows asked for; every field that is set must hold, any of its values will do."""

    verdict: tuple[str, ...] = ()
    motive: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()
    """Fingerprints, or how they begin."""
    person: str = ""
    trial: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    step_from: int | None = None
    step_to: int | None = None

    @classmethod
    def of(cls, request: HttpRequest) -> AuditQuery:
        """Read the address; what makes no sense counts as not asked for."""
        values = {field: _values(request, field) for field in FIELDS}
        return cls(
            **values,
            person=request.GET.get("person", "")[:200],
            trial=_whole(request, "trial", digits=9),
            since=_moment(request, "since"),
            until=_moment(request, "until"),
            step_from=_whole(request, "step_from", digits=15),
            step_to=_whole(request, "step_to", digits=15),
        )

    @property
    def is_tallied(self) -> bool:
        """Say whether the rollups count exactly what is asked for."""
        return (self.trial, self.person, self.since, self.until, self.step_from, self.step_to) == (
            None, "", None, None, None, None
        )  # fmt: skip

    @property
    def has_steps(self) -> bool:
        """Say whether a step, or a span of them, is asked for."""
        return self.step_from is not None or self.step_to is not None

    @property
    def is_open(self) -> bool:
        """Say whether everything is asked for."""
        return self == AuditQuery()

    def matches(self, tally: Tally) -> bool:
        """Say whether the rows of a tally are among those asked for, as far as tallies tell."""
        return (
            (not self.verdict or tally.said in self.verdict)
            and (not self.motive or tally.motive in self.motive)
            and (not self.reason or tally.reason in self.reason)
            and (not self.rule or tally.rule in self.rule)
            and (not self.policy or any(tally.policy.startswith(one) for one in self.policy))
        )


def _values(request: HttpRequest, field: str) -> tuple[str, ...]:
    return tuple(value for value in request.GET.get(field, "")[:2000].split(",") if value)[:30]


def _whole(request: HttpRequest, name: str, *, digits: int) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


def _moment(request: HttpRequest, name: str) -> datetime | None:
    """Return a moment as a field for date and time gives it; without a zone it is UTC, as pages show times."""
    try:
        found = datetime.fromisoformat(request.GET.get(name, "")[:40])
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except ValueError:
        return None
