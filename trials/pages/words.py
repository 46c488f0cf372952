"""Numbers, times and endings in the words of the pages."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from trials.models import Trial
from trials.pages.parts import Run

NOT_TOLD = "–"
_MINUS = "−"
# Keeps a number and its unit on one line.
NARROW_SPACE = "\u202f"


def number(value: float | None) -> str:
    """Return a metric's value: four digits after the point, fewer for large numbers, an exponent for extreme ones.

    >>> number(0.693), number(4414.0), number(1.5e-7), number(float("nan")), number(None)
    ('0.6930', '4,414', '1.5e−7', 'nan', '–')
    """
    if value is None:
        return NOT_TOLD
    if not math.isfinite(value):
        return f"{value:g}".replace("-", _MINUS)
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude >= 6 or magnitude < -3:
        return _trimmed_exponent(f"{value:.3e}")
    if value.is_integer() and magnitude >= 1:
        return signed(f"{value:,.0f}")
    return signed(f"{value:,.{max(0, 4 - max(0, magnitude - 1))}f}")


def scientific(value: float) -> str:
    """Return a value of a logarithmic range, all in one notation.

    >>> scientific(0.00015), scientific(3.17)
    ('1.50e−4', '3.17e+0')
    """
    if value == 0 or not math.isfinite(value):
        return number(value)
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{signed(mantissa)}e{'+' if int(exponent) >= 0 else _MINUS}{abs(int(exponent))}"


def plain(value: float) -> str:
    """Return a value of a linear range: four digits that count, and 1−x for what is close to one.

    >>> plain(0.25), plain(0.999914), plain(32.0), plain(0.05)
    ('0.25', '1−8.6e−5', '32', '0.05')
    """
    if 0 < 1 - value < 0.001:
        return f"1{_MINUS}{_trimmed_exponent(f'{1 - value:.1e}')}"
    if value.is_integer() and abs(value) < 1e6:
        return signed(f"{value:,.0f}")
    if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e6):
        return scientific(value)
    return signed(f"{value:.4g}")


def signed(text: str) -> str:
    """Return the text with a real minus sign."""
    return text.replace("-", _MINUS)


def difference(value: float) -> str:
    """Return a difference with its sign: `+0.0178`, `−0.3014`, `0`."""
    return f"+{number(value)}" if value > 0 else number(value)


def whole(value: float) -> str:
    """Return a count with separators."""
    return f"{value:,.0f}"


def percent(share: float) -> str:
    """Return a share in whole percent; under one percent says so.

    >>> percent(0.67).replace(NARROW_SPACE, "_"), percent(0.004).replace(NARROW_SPACE, "_")
    ('67_%', 'under 1_%')
    """
    if 0 < share < 0.005:
        return f"under 1{NARROW_SPACE}%"
    return f"{share:.0%}".replace("%", f"{NARROW_SPACE}%")


def at_most(share: float) -> str:
    """Return an upper bound in whole percent, rounded up so that the claim holds."""
    return f"{math.ceil(100 * share - 1e-9)}{NARROW_SPACE}%"


def at_least(share: float) -> str:
    """Return a lower bound in whole percent, rounded down so that the claim holds."""
    return f"{math.floor(100 * share + 1e-9)}{NARROW_SPACE}%"


def counted(n: int, noun: str, plural: str = "") -> str:
    """Return `1 trial`, `2 trials`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {plural or noun + 's'}"


def duration(seconds: float) -> str:
    """Return a duration in its two largest units.

    >>> duration(4), duration(200), duration(15000), duration(90 * 3600)
    ('4 s', '3 min 20 s', '4 h 10 min', '3 d 18 h')
    """
    left = max(0, round(seconds))
    for size, unit, smaller, small_unit in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if left >= size:
            rest = left % size // smaller
            return f"{left // size} {unit}" + (f" {rest} {small_unit}" if rest else "")
    return f"{left} s"


def span(started: datetime | None, ended: datetime | None, now: datetime) -> timedelta:
    """Return the time between two moments; what has not ended lasts until now."""
    return (ended or now) - started if started else timedelta()


def size(n_bytes: float | None) -> str:
    """Return a number of bytes: `9.4 MB`; None was not measured."""
    if n_bytes is None:
        return "not measured"
    for unit in ("B", "kB", "MB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} B" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} GB"


def brief(sentence: str) -> str:
    """Return a verdict's sentence without its head, where step and verdict already stand beside it.

    >>> brief("Stopped at step 16: val_loss 0.69 is above its start.")
    'val_loss 0.69 is above its start.'
    """
    _, found, rest = sentence.partition(": ")
    return rest if found else sentence


def code_words(code: str) -> str:
    """Return a reason or ending code as it reads in a sentence."""
    return code.replace("_", " ")


def kind_of(state: str, motive: str = "", *, spared: bool = False) -> str:
    """Return the glyph of a trial.

    A trial that a person or its study's close ended was not judged: it has no motive, and a glyph of its own.
    """
    if state == Trial.State.PRUNED:
        return motive or "stopped"
    if state == Trial.State.COMPLETE:
        return "control" if spared else "finished"
    return {Trial.State.WAITING: "waiting", Trial.State.RUNNING: "running", Trial.State.PAUSED: "paused"}.get(
        Trial.State(state), "failed"
    )


def ending_of(state: str, code: str, *, spared: bool = False) -> str:
    """Return how a trial ended or where it stands, in a word or two."""
    if state == Trial.State.PAUSED:
        return f"paused, {code_words(code)}" if code else "paused"
    if not code:
        return state.lower()
    return f"{code_words(code)}, spared" if spared else code_words(code)


def _trimmed_exponent(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{signed(mantissa)}e{signed(str(int(exponent)))}"


def say(*parts: str | Run) -> list[Run]:
    """Return a paragraph from texts and runs."""
    return [part if isinstance(part, Run) else Run(part) for part in parts]


def strong(text: str) -> Run:
    """Return the words that carry the sentence."""
    return Run(text, strong=True)
