"""What is said of a kept result of importance: by the page, and by the report of a study."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trials.importance import readings, refits
from trials.models import Study
from trials.pages import importance_words, words
from trials.pages.importance_words import BY, READINGS
from trials.pages.parts import Chip, Estimate, ImportanceRow, Interaction, ReadingColumn, ReadingRow

LEAST_LARGEST = 0.05


def said_of(
    study: Study, result: Mapping[str, Any], *, to: Callable[..., str], reading: str = "", by: str = ""
) -> dict[str, Any]:
    """Return what the templates of importance show of a result.

    to: the address of the page under another `by` or `reading`. reading, by: what was asked for; what the result does
    not have is replaced by the first that it has.
    """
    told, names = readings_of(result), names_of(result)
    key = _chosen_reading(reading, result)
    chosen, naive = told[key], told[readings.FINISHED]
    by = _chosen_by(by, chosen)
    all_pairs = [pair for pair in _pairs(chosen, names) if pair.share.middle >= importance_words.SMALL]
    pairs = _pairs(chosen, names) if by == refits.FANOVA else []
    rows = _rows(names, _estimates(chosen, by), _estimates(naive, by) if key != readings.FINISHED else [])
    order = [names.index(row.name) for row in rows]
    unseen = chosen["unseen"][0] if "unseen" in chosen else None
    return {
        "result": result,
        "narrative": importance_words.headline(rows, pairs, by, unseen=unseen)
        if rows and not chosen["missing"]
        else [],
        "trust": importance_words.trust(chosen, by, key) if not chosen["missing"] else None,
        "missing": chosen["missing"],
        "by_chips": [
            Chip(title, to(by=code), active=code == by)
            for code, (title, _) in BY.items()
            if code in chosen.get("by", {})
        ],
        "by_title": BY[by][0],
        "by_help": f"{BY[by][1]}, {result['refits']} refits; line = {words.percent(result['interval'])} interval",
        "rows": rows,
        "first_pair": (all_pairs[0].one, all_pairs[0].other) if all_pairs else None,
        "shows_finished": key != readings.FINISHED,
        "reading_title": "Finished only" if key == readings.FINISHED else "All trials",
        "reading_help": importance_words.reading_help(key, chosen, study.step_unit),
        "finished_help": importance_words.reading_help(readings.FINISHED, naive, study.step_unit),
        "finished_missing": naive["missing"],
        **_matrix(names, order, _pairs(chosen, names)),
        "columns": [
            ReadingColumn(
                title=READINGS[code],
                help=one["missing"] or importance_words.reading_help(code, one, study.step_unit),
                missing=one["missing"],
                url=to(reading=code),
                active=code == key,
            )
            for code, one in told.items()
        ],
        "reading_rows": _reading_rows(names, order, told, by),
        "agreement": importance_words.agreement_words(result.get("agreement", ()), study.step_unit),
        "constant": ", ".join(result["constant"]),
        "stale": _stale(study, result),
    }


def readings_of(result: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return the result's readings in their order, which a database that reorders keys does not keep."""
    found: Mapping[str, Mapping[str, Any]] = result["readings"]
    return {key: found[key] for key in readings.KEYS if key in found}


def names_of(result: Mapping[str, Any]) -> Sequence[str]:
    """Return the names of the parameters that varied."""
    names: Sequence[str] = result["names"]
    return names


def _chosen_reading(asked: str, result: Mapping[str, Any]) -> str:
    """Return the reading asked for, else the first that can be read; the finished ones' where nothing was stopped."""
    found, fates = readings_of(result), result["fates"]
    if asked in found:
        return asked
    if not fates["stopped"] + fates["broken"]:
        return readings.FINISHED
    return next((key for key in found if not found[key]["missing"]), readings.FINISHED)


def _chosen_by(asked: str, reading: Mapping[str, Any]) -> str:
    known = reading.get("by", {})
    return asked if asked in known else next((by for by in BY if by in known), refits.FANOVA)


def _estimates(reading: Mapping[str, Any], by: str) -> list[Estimate]:
    return [Estimate(*share) for share in reading.get("by", {}).get(by, ())]


def _rows(names: Sequence[str], aware: Sequence[Estimate], naive: Sequence[Estimate]) -> list[ImportanceRow]:
    rows = [
        ImportanceRow(
            name,
            all=aware[place] if aware else None,
            finished=naive[place] if naive else None,
        )
        for place, name in enumerate(names)
    ]
    return sorted(rows, key=lambda row: -(row.all.middle if row.all is not None else 0.0))


def _pairs(reading: Mapping[str, Any], names: Sequence[str]) -> list[Interaction]:
    pairs = [Interaction(names[one], names[other], Estimate(*share)) for one, other, *share in reading.get("pairs", ())]
    return sorted(pairs, key=lambda pair: -pair.share.middle)


def _matrix(names: Sequence[str], order: Sequence[int], pairs: Sequence[Interaction]) -> dict[str, Any]:
    """Return one row per paired parameter but the first, in order of importance, with its pairs to those before it."""
    known = {frozenset((pair.one, pair.other)): pair for pair in pairs}
    paired = [names[place] for place in order if any(names[place] in key for key in known)]
    return {
        "first_paired": paired[0] if paired else "",
        "matrix": [
            (name, [known.get(frozenset((name, other))) for other in paired[:place]])
            for place, name in enumerate(paired)
            if place
        ],
        # One small pair alone must not look large.
        "largest_pair": max([LEAST_LARGEST, *(pair.share.middle for pair in pairs)]),
    }


def _reading_rows(
    names: Sequence[str], order: Sequence[int], found: Mapping[str, Mapping[str, Any]], by: str
) -> list[ReadingRow]:
    columns = [_estimates(reading, by) for reading in found.values()]
    rows = []
    for place in order:
        cells = [column[place] if column else None for column in columns]
        told = [cell for cell in cells if cell is not None]
        apart = any(one.high + importance_words.SMALL < other.low for one in told for other in told)
        rows.append(ReadingRow(names[place], cells, apart))
    return rows


def _stale(study: Study, result: Mapping[str, Any]) -> str:
    """Say what has happened since; empty if nothing has."""
    if result["as_of"] == study.sequence:
        return ""
    then, now = result["n_ended"], study.n_ended
    if then == now:
        return f"Computed when {words.counted(then, 'trial')} had ended; others have passed looks since."
    return f"Computed when {words.counted(then, 'trial')} had ended; {words.whole(now)} have now."
