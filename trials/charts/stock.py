"""Curves of whole studies, kept in this process while their study stands as it is: several pictures share a reading."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

from trials import series
from trials.models import Study
from trials.series import Flat, canonical_labels

POINTS = 12_000_000
"""Points kept at a time, some 200 MB; the readings not asked for longest go first."""

_Key = tuple[str, str, str]
_kept: OrderedDict[_Key, tuple[str, Flat]] = OrderedDict()
_guard = threading.Lock()


def curves(study: Study, version: str, metric: str, labels: Mapping[str, str]) -> Flat:
    """Return one series of every trial, as of this version of the study."""
    key = (str(study.uid), metric, canonical_labels(labels))
    return _asked(key, version, lambda: series.read_study(study, metric, labels))


def seconds(study: Study, version: str, *, whole: bool) -> Flat:
    """Return every trial's seconds at each step, as of this version of the study; `whole`: as slots are paid for."""
    key = (str(study.uid), "", "whole" if whole else "")
    return _asked(key, version, lambda: series.read_study_seconds(study, whole=whole))


def forget() -> None:
    """Forget every reading; for tests that write the same rows again."""
    _kept.clear()


def _asked(key: _Key, version: str, read: Callable[[], Flat]) -> Flat:
    with _guard:
        held = _kept.get(key)
        if held is not None and held[0] == version:
            _kept.move_to_end(key)
            return held[1]
    found = read()
    with _guard:
        _kept[key] = (version, found)
        _kept.move_to_end(key)
        while len(_kept) > 1 and sum(flat.steps.size for _, flat in _kept.values()) > POINTS:
            _kept.popitem(last=False)
    return found
