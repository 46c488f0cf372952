"""Read the body of a report. By hand: a batch may hold thousands of points, and each field is named when wrong."""

from __future__ import annotations

from collections.abc import Mapping

from trials.api import numbers
from trials.reporting import POINTS_MAX, BadReport
from trials.series import Point, canonical_labels

LABELS_MAX = 500
METRICS_MAX = 1_000
KNOWN = {"step", "metrics", "labels", "elapsed_s"}


def read_report(data: object) -> tuple[int, list[Point]]:
    """Return (batch, points); raise `BadReport` naming the first field that is wrong."""
    if not isinstance(data, dict):
        raise BadReport('body: not an object; send {"batch": 1, "points": [{"step": 1, "metrics": {"loss": 0.5}}]}')
    if unknown := sorted(data.keys() - {"batch", "points"}):
        raise BadReport(f"{unknown[0]}: there is no such field; send batch and points")
    points = data.get("points")
    if not isinstance(points, list):
        raise BadReport("points: not a list; send a list of points")
    if len(points) > POINTS_MAX:
        raise BadReport(f"points: {len(points)} in one batch; send at most {POINTS_MAX}")
    return _integer(data.get("batch"), "batch"), [_point(item, f"points[{i}]") for i, item in enumerate(points)]


def _point(item: object, where: str) -> Point:
    if not isinstance(item, dict):
        raise BadReport(f'{where}: not an object; send {{"step": 1, "metrics": {{"loss": 0.5}}}}')
    if unknown := sorted(item.keys() - KNOWN):
        raise BadReport(f"{where}.{unknown[0]}: there is no such field; send step, metrics, labels and elapsed_s")
    return Point(
        step=_integer(item.get("step"), f"{where}.step"),
        metrics=_metrics(item.get("metrics"), f"{where}.metrics"),
        labels=_labels(item.get("labels"), f"{where}.labels"),
        elapsed_s=_seconds(item.get("elapsed_s"), f"{where}.elapsed_s"),
    )


def _integer(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadReport(f"{where}: {_shown(value)} is not a whole number")
    return value


def _metrics(value: object, where: str) -> dict[str, float]:
    if not isinstance(value, dict) or len(value) > METRICS_MAX:
        raise BadReport(f"{where}: not an object of at most {METRICS_MAX} metrics by name")
    found: dict[str, float] = {}
    for name, told in value.items():
        number = numbers.read(told)
        if number is None:
            raise BadReport(f'{where}.{name[:80]}: {_shown(told)} is no number; send one, or "nan", "inf", "-inf"')
        found[name] = number
    return found


def _seconds(value: object, where: str) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadReport(f"{where}: {_shown(value)} is no number; send the seconds since the attempt began to train")
    try:
        return float(value)
    except OverflowError:
        raise BadReport(f"{where}: {_shown(value)} is no time; send seconds since the attempt began") from None


def _labels(value: object, where: str) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise BadReport(f'{where}: not an object of texts, such as {{"fold": "2"}}')
    if len(canonical_labels(value)) > LABELS_MAX:
        raise BadReport(f"{where}: longer than {LABELS_MAX} characters together; shorten them")
    return value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
