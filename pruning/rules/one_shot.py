"""One-shot early discarding: one cut at the first look, and the best few are trained to the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from pruning.rules.asha import ACTIONS
from pruning.rules.base import Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.gathering import have_come, stream_of
from pruning.rules.ranks import BASES, rank_clause, rank_evidence
from pruning.rules.resuming import Waiting, as_paused, leaders
from pruning.rules.verdicts import verdict_of


@dataclass(frozen=True, kw_only=True)
class OneShot:
    """At the first look the best `keep_top` go on, and nothing is cut after it.

    Egele, Guyon, Vishwanath & Balaprakash, "Is one epoch all you need for multi-fidelity hyperparameter
    optimization?" (ESANN 2023). `action: pause` is what they do: all trials wait at the look until the last has come,
    then the best go on. `action: stop` decides on arrival, for trials without checkpoints: a trial goes on that is
    among the best of those that have come so far, so more than `keep_top` may.

    A baseline every other rule should beat: it costs next to nothing, and loses the best trial wherever one look says
    little about the end.
    """

    name: ClassVar[str] = "one_shot"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("outpaced",)

    keep_top: int = 3
    """So many go on."""
    by: str = "value"
    """What is ranked: the `value` told at the step, or the `best` told up to it."""
    action: str = "stop"
    """`stop`, or `pause` where trials can resume from a checkpoint."""

    def __post_init__(self) -> None:
        if self.keep_top < 1:
            raise SettingError("keep_top", self.keep_top, "is below 1: one trial is the least")
        for setting, known in (("by", BASES), ("action", tuple(ACTIONS))):
            if getattr(self, setting) not in known:
                raise SettingError(setting, getattr(self, setting), f"is not one of {', '.join(known)}")

    def judge(self, facts: Facts) -> Verdict:
        """Stop, or pause, a trial that is not among the best at the first look; call it at decision points only."""
        evidence = self._evidence(facts)
        if facts.step != evidence["cuts_at"]:
            return verdict_of(self, facts, Kind.KEEP, "", evidence)
        if evidence["rank"] > evidence["quota"]:
            return verdict_of(self, facts, ACTIONS[self.action], "outpaced", evidence)
        if self.gathers(facts):
            return verdict_of(self, facts, Kind.PAUSE, "outpaced", evidence | {"waits": True})
        return verdict_of(self, facts, Kind.KEEP, "", evidence)

    def next_to_resume(self, facts: Facts, waiting: Sequence[Waiting], *, is_closing: bool) -> Verdict | None:
        """Return the RESUME of the next of the best, once no trial is still to come; None before, and after them.

        facts: the study as of now, with its peers and the stream of trials; trial, step and curve are put in.
        """
        stream = stream_of(facts)
        if not is_closing or facts.peers is None:
            return None
        for paused in leaders(waiting):
            then = as_paused(facts, paused)
            evidence = self._evidence(then)
            if not have_come(facts.peers.rung(paused.step, by=self.by), stream.under_way):
                return None
            if evidence["rank"] <= self.keep_top:
                said = {"trial": paused.trial, "begun": stream.begun, "awaited": sorted(stream.under_way)}
                return verdict_of(self, then, Kind.RESUME, "rank", evidence | said)
        return None

    def gathers(self, facts: Facts) -> bool:
        """Say whether trials wait for each other: where they are paused, at the first look."""
        return self.action == "pause" and facts.step == facts.looks[0]

    def metrics(self) -> tuple[str, ...]:
        """Return no metric: it reads the objective alone."""
        return ()

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return rank, quota and cut in words."""
        facts = cast(dict[str, Any], evidence)
        place, _, goal = rank_clause(evidence).partition("; ")
        if facts["waits"]:
            return f"{place} so far; {goal} once all have come"
        return f"{place}; {goal}" if facts["cuts_here"] else f"{place}; only step {facts['cuts_at']} cuts"

    def _evidence(self, facts: Facts) -> dict[str, Any]:
        first = facts.looks[0] if facts.looks else facts.step  # none are left where an amendment took them all
        is_cut = facts.step == first
        evidence = rank_evidence(facts, by=self.by, quota_of=lambda population: self.keep_top if is_cut else population)
        return evidence | {"keep_top": self.keep_top, "cuts_at": first, "cuts_here": is_cut, "waits": False}
