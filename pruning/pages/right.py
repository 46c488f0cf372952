"""The block "Was that right?" of the audit page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from pruning.judgement.best_k import Share
from pruning.judgement.brier import Brier
from pruning.judgement.saved import Saved
from pruning.provider import control_arm_of, pooled_arm_of
from pruning.reckoning import Reckoning, reckon
from trials.models import Study
from trials.pages import narrative, words
from trials.pages.parts import Fact, Paragraph

UNKNOWN = "unknown"


@dataclass(frozen=True)
class SavedRow:
    """What stops of one rule, or for one motive, saved."""

    name: str
    trials: str
    steps: str
    hours: str
    wrong: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Found:
    """A finding of drift, and the entry that holds it."""

    url: str
    sentence: str


@dataclass(frozen=True)
class Right:
    """Was that right? As far as the control arm and the outcomes tell."""

    sentence: Paragraph
    facts: Sequence[Fact]
    rows: Sequence[SavedRow]
    drift: Sequence[Found]


def of(study: Study) -> Right:
    """Return the block of a study."""
    found = reckon(study)
    return Right(
        sentence=narrative.was_that_right(control_arm_of(found.judgement), pooled_arm_of(found.pooled)),
        facts=[*_shares(found), *_compute(found), *_scores(found), _drift(found)],
        rows=_rows(found),
        drift=[
            Found(reverse("pruning:event", args=[study.pk, one["sequence"]]), one["sentence"]) for one in found.drift
        ],
    )


def _shares(found: Reckoning) -> list[Fact]:
    one = found.judgement
    facts = [
        Fact(f"Ended among the best {one.k}", *_share(one.best_k), help=_not_judged(found)),
        Fact("Beat the best of the others", *_share(one.winner), help=_most(found)),
    ]
    if found.pooled is not None:
        pool = found.pooled
        share = Share(hits=pool.hits, known=pool.known, low=pool.low, high=pool.high)
        facts.append(Fact("Over the project", *_share(share), help=f"{pool.studies} studies, each with its own share"))
    return facts


def _share(share: Share) -> tuple[str, str]:
    """Return a share and its interval; unknown where nobody is judged."""
    if not share.known:
        return UNKNOWN, ""
    between = f"{words.at_least(share.low)} to {words.at_most(share.high)}"
    return f"{share.hits} of {share.known}", between


def _not_judged(found: Reckoning) -> str:
    one = found.judgement
    if not one.met:
        return narrative.NO_EVIDENCE
    parts = [f"{len(one.unknown)} with no known end"] if one.unknown else []
    parts += [f"{len(one.paused)} would be paused now"] if one.paused else []
    return ", ".join(parts) or "control trials that would have been stopped"


def _most(found: Reckoning) -> str:
    one = found.judgement
    if not one.judged:
        return ""
    by = f"by up to {words.number(one.gain)}; " if one.gain is not None else ""
    return f"{by}of {words.counted(found.n_stopped, 'stopped trial')} at most {one.most_winners(found.n_stopped)}"


def _compute(found: Reckoning) -> list[Fact]:
    saved, pace = found.savings.total, found.savings.median_pace
    facts = [Fact("Steps saved", words.whole(saved.steps), help=words.counted(saved.trials, "trial"))]
    if saved.seconds is None or pace is None:
        return [*facts, Fact("Slot hours saved", UNKNOWN, help="no trial's time was measured")]
    own = saved.trials - saved.by_median
    by = f"{own} at {'its' if own == 1 else 'their'} own pace"
    if saved.by_median:
        by += f", {saved.by_median} at the study's median of {words.number(pace)} s a step"
    gpu = f"{_hours(3600 * saved.gpu_hours)} on GPUs" if saved.gpu_hours else "none on GPUs"
    return [*facts, Fact("Slot hours saved", _hours(saved.seconds), after=gpu, help=by)]


def _hours(seconds: float | None) -> str:
    """Return hours, or the time in words where it is less than six minutes."""
    if seconds is None:
        return UNKNOWN
    return f"{seconds / 3600:,.1f}" if seconds >= 360 else words.duration(seconds)


def _scores(found: Reckoning) -> list[Fact]:
    named = (("Stated chance to end among the best", found.best_k), ("Stated chance to keep the winner", found.kept))
    return [_score(label, score) for label, score in named if score is not None]


def _score(label: str, score: Brier) -> Fact:
    base = f"{words.percent(score.base_rate)} came true; always saying that scores {words.number(score.reference)}"
    return Fact(
        label, words.number(score.score), after="Brier score", help=f"{words.counted(score.n, 'statement')}, {base}"
    )


def _drift(found: Reckoning) -> Fact:
    n = len(found.drift)
    if not found.n_calibrations:
        return Fact("Drift", UNKNOWN, help="it is looked for at calibrations, and there was none")
    looked = f"looked for at {words.counted(found.n_calibrations, 'calibration')}"
    return Fact("Drift", words.counted(n, "finding") if n else "none found", help=looked)


def _rows(found: Reckoning) -> list[SavedRow]:
    rules = [
        _row(words.code_words(rule) or "not told", saved, found.by_rule.get(rule)) for rule, saved in _by_rule(found)
    ]
    motives = [_row(f"for {motive}", saved, None, kind=motive) for motive, saved in found.savings.by_motive]
    return [*rules, *motives]


def _by_rule(found: Reckoning) -> list[tuple[str, Saved]]:
    """Return what each rule saved; one that only met control trials saved nothing and stands last."""
    known = {rule for rule, _ in found.savings.by_rule}
    nothing = Saved(trials=0, steps=0, seconds=0.0, gpu_hours=0.0, by_median=0)
    return [*found.savings.by_rule, *((rule, nothing) for rule in found.by_rule if rule not in known)]


def _row(name: str, saved: Saved, wrong: tuple[int, int] | None, kind: str = "") -> SavedRow:
    judged = f"{wrong[0]} of {wrong[1]}" if wrong else ("" if kind else UNKNOWN)
    return SavedRow(name, words.whole(saved.trials), words.whole(saved.steps), _hours(saved.seconds), judged, kind)
