"""One trial in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from trials.facts import Ruling
from trials.models import Attempt, Trial
from trials.pages import words


def standing(trial: Trial) -> str:
    """Return the sentence that says how the trial ended or where it stands."""
    if trial.has_ended or trial.state == Trial.State.PAUSED:
        return trial.ending_sentence
    if trial.halt_code:
        return "Asked to stop; it ends at its next report."
    if trial.state == Trial.State.WAITING:
        return f"Waits for a slot to go on from step {trial.last_step:,}." if trial.last_step else "Waits for a slot."
    if trial.last_step is None:
        return "Has just started; nothing was told yet."
    return f"Training, at step {trial.last_step:,} of {trial.study.horizon:,}."


def befell(trial: Trial, attempts: Sequence[Attempt], rulings: Sequence[Ruling]) -> str:
    """Say what else befell the trial before its ending: pauses, lost workers, what the control arm spared it."""
    told: list[str] = []
    stands_paused = bool(rulings) and rulings[-1].action == "PAUSE"
    pauses = sum(ruling.action == "PAUSE" for ruling in rulings) - stands_paused
    if pauses:
        told.append(f"it paused {_times(pauses)}")
    lost = [attempt for attempt in attempts if attempt.outcome in {"worker_lost", "crashed"}]
    if lost:
        causes = {attempt.outcome for attempt in lost}
        what = "lost its worker" if causes == {"worker_lost"} else "broke off"
        told.append(f"it {what} {_times(len(lost))} and went on from its checkpoint")
    sentences = [f"Before that {' and '.join(told)}."] if told else []
    if stands_paused and trial.has_ended:
        sentences.append("It was still paused when the study ended.")
    spared = next((ruling for ruling in rulings if ruling.is_spared), None)
    if spared is not None:
        sentences.append(f"A rule would have stopped it at step {spared.step:,}, but it is in the control arm.")
    if lost:
        sentences.append("Losing a worker is not a verdict.")
    return " ".join(sentences)


def origin(trial: Trial) -> str:
    """Say where the configuration came from."""
    if trial.origin == Trial.Origin.SAMPLER and trial.suggestion is not None:
        return f"Drawn as suggestion {trial.suggestion} of study seed {trial.study.seed}."
    if trial.origin == Trial.Origin.DEFAULTS:
        return "The defaults, tried first; no rule may stop a pinned trial." if trial.pinned else "The defaults."
    if trial.origin == Trial.Origin.CONTINUED:
        return _continuation(trial)
    return "Asked for by a person."


def _continuation(trial: Trial) -> str:
    if trial.continues is None:
        return "Continues a trial that is gone."
    if trial.inherited_step:
        return f"Continues trial {trial.continues.number} from its checkpoint at step {trial.inherited_step:,}."
    return f"Tries trial {trial.continues.number} again, from step 0."


def steps_of(attempt: Attempt) -> str:
    """Return the steps an attempt trained: `0–22`."""
    end = attempt.last_step if attempt.last_step is not None else attempt.resumed_from
    return f"{attempt.resumed_from:,}–{end:,}"


def origin_of(attempt: Attempt) -> str:
    """Say where an attempt began."""
    return f"checkpoint at step {attempt.resumed_from:,}" if attempt.resumed_from else "the start"


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


def place_words(place: int, of: int) -> str:
    """Return a trial's place by best value."""
    return f"{place:,} of {of:,}"


def note_words(trial: Trial) -> str:
    """Return a person's note, else where the configuration came from."""
    return trial.note or origin(trial)


def outcome(attempt: Attempt) -> str:
    """Return how an attempt ended, in a word or two, and at which step."""
    if attempt.is_live:
        return "running"
    at = f" at {attempt.last_step:,}" if attempt.last_step is not None else ""
    return f"{words.code_words(attempt.outcome)}{at}"
