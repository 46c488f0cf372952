"""The trials a person compares, as the address carries them: `?sel=24,134`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict

from trials.models import Study, Trial
from trials.pages import words
from trials.pages.parts import Selected

MOST = 12
LETTERS = "ABCDEFGHIJKL"


@dataclass(frozen=True)
class Selection:
    """Trial numbers in the order they were chosen; the first one is the base."""

    numbers: tuple[int, ...] = ()

    @classmethod
    def of(cls, request: HttpRequest) -> Selection:
        """Read `?sel=`; whatever is not a trial number is left out, and so is what exceeds a dozen."""
        found: list[int] = []
        for text in request.GET.get("sel", "").split(","):
            if text.strip().isdecimal() and len(text.strip()) <= 9 and int(text) not in found:
                found.append(int(text))
        return cls(tuple(found[:MOST]))

    def __contains__(self, number: object) -> bool:
        return number in self.numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __str__(self) -> str:
        return ",".join(map(str, self.numbers))

    def letter(self, number: int) -> str:
        """Return the trial's letter; empty if it is not selected."""
        return LETTERS[self.numbers.index(number)] if number in self.numbers else ""

    def without(self, number: int) -> Selection:
        """Return the selection with one trial taken out."""
        return Selection(tuple(other for other in self.numbers if other != number))

    def based_on(self, number: int) -> Selection:
        """Return the selection with one trial in front."""
        return Selection((number, *self.without(number).numbers))


def address(path: str, query: QueryDict | None = None, **changes: str | int | None) -> str:
    """Return `path` with the query's parameters changed; None or an empty text takes one out."""
    pairs = [
        (key, value)
        for key, values in (query.lists() if query is not None else ())
        for value in values
        if key not in changes and key != "version"
    ]
    pairs += [(key, str(value)) for key, value in changes.items() if value not in (None, "")]
    return f"{path}?{urlencode(pairs, safe=',')}" if pairs else path


def tray(study: Study, selection: Selection, *, path: str, query: QueryDict) -> Sequence[Selected]:
    """Return the docked tray's entries, in the order chosen."""
    if not selection.numbers:
        return ()
    rows = Trial.objects.filter(study=study, number__in=selection.numbers).only(
        "number", "state", "ending_code", "ending_motive", "value", "best_value", "study_id"
    )
    return [
        _selected(trial, selection, address(path, query, sel=str(selection.without(trial.number)) or None))
        for trial in sorted(rows, key=lambda row: selection.numbers.index(row.number))
    ]


def _selected(trial: Trial, selection: Selection, remove_url: str) -> Selected:
    return Selected(
        letter=selection.letter(trial.number),
        number=trial.number,
        url=trial.get_absolute_url(),
        kind=words.kind_of(trial.state, trial.ending_motive),
        ending=words.ending_of(trial.state, trial.ending_code),
        value=words.number(trial.best_value if trial.value is None else trial.value),
        remove_url=remove_url,
    )
