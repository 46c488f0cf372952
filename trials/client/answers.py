"""What the study says to a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HALTING = frozenset({"STOP", "FINISH", "PAUSE"})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The verdict on a report. Being told to stop is an ordinary answer, not an error."""

    action: str = "KEEP"
    """KEEP, WARN, PROTECT, ABSTAIN: go on. STOP, FINISH, PAUSE: return now."""
    code: str = ""
    """The reason as a word, such as `outpaced`."""
    motive: str = ""
    """`speed`, `risk`, `generalisation` or empty."""
    sentence: str = ""
    """Why, in plain words with the numbers."""
    step: int | None = None
    """The step the verdict is about."""
    heard: bool = True
    """Whether the server has stored the report; False while it is away and the report lies in the spool."""

    @property
    def halts(self) -> bool:
        """Say whether to stop training now."""
        return self.action in HALTING


def answer_from(body: Mapping[str, Any]) -> Answer:
    """Return the answer that the server's JSON says."""
    step = body.get("step")
    return Answer(
        action=str(body.get("action", "KEEP")),
        code=str(body.get("code", "")),
        motive=str(body.get("motive", "")),
        sentence=str(body.get("sentence", "")),
        step=step if isinstance(step, int) else None,
    )
