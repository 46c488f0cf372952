"""What the audit page and `manage.py ledger judge` say of a whole study: stops, savings, probabilities, drift.

Costs a few queries; the answer is kept until the study moves on, and what reads every trial until its cost may be borne
again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import Sum

from pruning import judging
from pruning.judgement.best_k import Judgement, Member
from pruning.judgement.brier import Brier, Uttered, brier
from pruning.judgement.pooled import Pooled
from pruning.judgement.saved import Halted, Savings, savings
from pruning.models import PruningEvent, PruningEventQuerySet
from pruning.population import key
from pruning.querysets import HALTS, RANKED
from trials.models import Attempt, EndingCount, Study, Trial
from trials.pages.paced import Paced

Kind = PruningEvent.Kind
STATED = b'"probability_of":"best_k"'
WITHOUT_CHANCES = frozenset({"asha", "calibrated_halving", "halving", "hyperband", "percentile"})
"""Strategies whose evidence never states the chance of a trial to end among the best k; the others are read."""
KEPT_RULE = "calibrated_halving"
STUDIES = 64


@dataclass(frozen=True, kw_only=True)
class Reckoning:
    """Everything that is known about whether a study's stops were right."""

    judgement: Judgement
    by_rule: Mapping[str, tuple[int, int]]
    """Wrong stops and judged members, by the rule that spoke against them."""
    pooled: Pooled | None
    savings: Savings
    n_stopped: int
    best_k: Brier | None
    """Stated chances to end among the best k, of trials whose end is known."""
    kept: Brier | None
    """Calibrated halving's chance to keep the winner at a look, held against what it did to the best k."""
    n_calibrations: int
    """How often drift was looked for."""
    drift: Sequence[Mapping[str, Any]]
    """Findings of drift in order: sequence, sentence, evidence."""

    def to_mapping(self) -> dict[str, Any]:
        """Return it as plain data."""
        one = self.judgement
        return {
            "best_k": {"k": one.k, **asdict(one.best_k), "wrong": list(one.wrong)},
            "judged": [member.number for member in one.judged],
            "unknown": list(one.unknown),
            "would_be_paused": list(one.paused),
            "winner": {**asdict(one.winner), "gain": one.gain, "most_stopped": one.most_winners(self.n_stopped)},
            "by_rule": {rule: {"wrong": wrong, "judged": n} for rule, (wrong, n) in self.by_rule.items()},
            "pooled": None if self.pooled is None else asdict(self.pooled),
            "n_stopped": self.n_stopped,
            "saved": asdict(self.savings),
            "brier": {
                "best_k": None if self.best_k is None else asdict(self.best_k),
                "kept": None if self.kept is None else asdict(self.kept),
            },
            "drift": [dict(found) for found in self.drift],
        }


_known: OrderedDict[UUID, tuple[tuple[int, int, str], Reckoning]] = OrderedDict()
_chances: OrderedDict[UUID, tuple[int, list[tuple[int, float, int]]]] = OrderedDict()
_rules: OrderedDict[UUID, tuple[int, dict[int, str]]] = OrderedDict()
_guard = threading.Lock()
_savings: Paced[UUID, Savings] = Paced(STUDIES)


def reckon(study: Study, *, exact: bool = False) -> Reckoning:
    """Return the reckoning of a study as it stands; of many trials what was saved may be as of a while ago.

    exact: all of it as it stands, whatever it costs.
    """
    version = (study.version, study.sequence, study.state)
    with _guard:
        known = _known.get(study.uid)
    pooled = judging.pooled(study)  # other studies move on too
    saved = _savings.get(study.uid, str(study.version), lambda: _saved(study), exact=exact)
    if known is not None and known[0] == version:
        return replace(known[1], pooled=pooled, savings=saved)
    made = _reckon(study, pooled, saved)
    with _guard:
        _known[study.uid] = (version, made)
        _known.move_to_end(study.uid)
        while len(_known) > STUDIES:
            _known.popitem(last=False)
    return made


def _reckon(study: Study, pooled: Pooled | None, saved: Savings) -> Reckoning:
    found = judging.judged([study])[study.pk]
    stopped = EndingCount.objects.filter(study=study, state=Trial.State.PRUNED).exclude(motive="")
    return Reckoning(
        judgement=found.judgement,
        by_rule=by_rule(found.judgement),
        pooled=pooled,
        savings=saved,
        n_stopped=stopped.aggregate(n=Sum("n"))["n"] or 0,
        best_k=brier(_stated(study, found)),
        kept=brier(_kept(study, found)),
        n_calibrations=_rows(study).filter(verdict="", kind=Kind.CALIBRATED).count(),
        drift=[
            {"sequence": row.sequence, "sentence": row.sentence, **row.evidence}
            for row in _drifts(study).order_by("sequence")
        ],
    )


def n_drifts(study: Study) -> int:
    """Return how often a calibration of this study was found to have drifted."""
    return _drifts(study).count()


def by_rule(judgement: Judgement) -> dict[str, tuple[int, int]]:
    """Return wrong stops and judged members by the rule that spoke against them."""
    found: dict[str, tuple[int, int]] = {}
    for member in judgement.judged:
        wrong, n = found.get(_rule_of(member), (0, 0))
        found[_rule_of(member)] = (wrong + (member.number in judgement.wrong), n + 1)
    return dict(sorted(found.items()))


def _rule_of(member: Member) -> str:
    return member.fate.by.rule if member.fate.by else ""


def _rows(study: Study) -> PruningEventQuerySet:
    return PruningEvent.objects.of_study(study)


def _drifts(study: Study) -> PruningEventQuerySet:
    return _rows(study).filter(verdict="", kind=Kind.DRIFTED)


def _saved(study: Study) -> Savings:
    """Read every trial of a study and add up what stopping saved."""
    halted, paces = _halted(study)
    return savings(halted, paces, horizon=study.horizon)


def _halted(study: Study) -> tuple[list[Halted], list[float]]:
    """Return the trials that a rule ended early, and the pace of every trial that trained."""
    rules = rules_read(study)
    elsewhere = Attempt.objects.filter(trial__study=study).exclude(device__startswith="cpu")
    on_gpu = set(elsewhere.values_list("trial__number", flat=True).distinct())
    columns = ("number", "state", "ending_motive", "ending_step", "steps_trained", "slot_seconds")
    halted, paces = [], []
    for number, state, motive, step, steps, seconds in Trial.objects.filter(study=study).values_list(*columns):
        if steps and seconds > 0:
            paces.append(seconds / steps)
        if motive and state in {Trial.State.PRUNED, Trial.State.COMPLETE}:
            rule = rules.get(number, "")
            halted.append(Halted(step or 0, steps, seconds, rule=rule, motive=motive, on_gpu=number in on_gpu))
    return halted, paces


def rules_read(study: Study) -> Mapping[int, str]:
    """Return by trial number the rule that stopped, paused or finished it last, reading on where it was left."""
    with _guard:
        last, known = _rules.get(study.uid, (-1, {}))
        said = _rows(study).filter(verdict__in=HALTS, shadow=False, sequence__gt=last)
        for sequence, number, rule in said.order_by("sequence").values_list("sequence", "trial_number", "rule"):
            last = sequence
            if number is not None:
                known[number] = rule
        _rules[study.uid] = (last, known)
        _rules.move_to_end(study.uid)
        while len(_rules) > STUDIES:
            _rules.popitem(last=False)
    return known


def _stated(study: Study, found: judging.Judged) -> list[Uttered]:
    """Return the stated chances to end among the best k of all trials whose end is known."""
    chances = _read_chances(study)
    if not chances:
        return []
    complete = Trial.objects.filter(study=study, state=Trial.State.COMPLETE, value__isnull=False)
    ends = dict(complete.values_list("number", "value"))
    keys = {number: key(value, maximize=not study.minimises) for number, value in ends.items()}
    ranks = {number: place for place, (_, number) in enumerate(sorted((end, number) for number, end in keys.items()))}
    held = {member.number for member in found.judgement.judged if member.number not in ranks}
    return [
        Uttered(probability, number in ranks and ranks[number] < k)
        for number, probability, k in chances
        if number in ranks or number in held
    ]


def _read_chances(study: Study) -> list[tuple[int, float, int]]:
    """Return (trial number, chance, k) of every verdict that stated one, reading on where it was left."""
    with _guard:
        last, known = _chances.get(study.uid, (-1, []))
        rows = _rows(study).verdicts().filter(rule__in=RANKED - WITHOUT_CHANCES, sequence__gt=last)
        for row in rows.order_by("sequence").iterator(chunk_size=1000):
            last = row.sequence
            if STATED in bytes(row.body):
                known.extend((row.trial_number or 0, chance, k) for chance, k in chances_in(row.evidence))
        _chances[study.uid] = (last, known)
        _chances.move_to_end(study.uid)
        while len(_chances) > STUDIES:
            _chances.popitem(last=False)
        return list(known)


def chances_in(evidence: object) -> Iterator[tuple[float, int]]:
    """Yield (probability, k) of every statement in a verdict's evidence, those of its members included."""
    if isinstance(evidence, Mapping):
        chance, k = evidence.get("probability"), evidence.get("k")
        if evidence.get("probability_of") == "best_k" and isinstance(chance, float) and isinstance(k, int):
            yield chance, k
        for inner in evidence.values():
            yield from chances_in(inner)
    elif isinstance(evidence, list):
        for inner in evidence:
            yield from chances_in(inner)


def _kept(study: Study, found: judging.Judged) -> list[Uttered]:
    """Return what calibrated halving stated of the winner at each look, and whether it kept those that ended best.

    For each of the best k of all COMPLETE trials, would-be-stopped ones included: the chance to keep the winner
    there was stated as 1 - `risk_here`; it came true if the trial was within the quota, or went on later.
    """
    leaders = [number for _, number in found.leaders]
    rows = _rows(study).verdicts().filter(trial_number__in=leaders, rule=KEPT_RULE)
    rows = rows.order_by("trial_number", "sequence")  # that of an index; by sequence alone, all rows would be read
    stated: dict[tuple[int, int], Uttered] = {}
    for row in rows:
        place, evidence = (row.trial_number or 0, row.step or 0), row.evidence
        if row.verdict == "RESUME" and place in stated:
            stated[place] = Uttered(stated[place].probability, came_true=True)
        elif evidence.get("chain") is not None and place not in stated:
            stated[place] = Uttered(1 - evidence["risk_here"], evidence["rank"] <= evidence["quota"])
    return list(stated.values())
