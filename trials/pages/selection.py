"""The trials a person has selected, as the address carries them: `?sel=24,134`, `?sel=~7` for a stored selection, or
`?sel=q:lr < 1e-3` for all that a query finds, best first, however many there are.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.utils import timezone

from trials.models import StoredSelection, Study, Trial
from trials.pages import words
from trials.pages.parts import Selected
from trials.pages.table_query import TableQuery
from trials.query import Catalogue, QueryError

MOST = 12
"""Trials that are compared; they carry letters."""
MOST_IN_ADDRESS = 50
MOST_STORED = 5_000
LETTERS = "ABCDEFGHIJKL"
STORED, BY_QUERY = "~", "q:"


@dataclass(frozen=True)
class Selection:
    """Trial numbers in the order they were chosen; the first one is the base of a comparison."""

    numbers: tuple[int, ...] = ()
    stored: int | None = None
    """The key of the stored selection, where there are more than an address carries."""
    query: str = ""
    """What finds the trials, where they are selected by a query; `numbers` are then the best `MOST_STORED` of them."""
    found: TableQuery | None = field(default=None, compare=False, repr=False)
    total: int = 0
    """How many trials the query finds."""

    @classmethod
    def of(cls, request: HttpRequest, study: Study | None = None) -> Selection:
        """Read `?sel=`; what is no trial number is left out, and so is what exceeds an address.

        study: whose stored selections may be named.
        """
        return cls.of_text(study, request.GET.get("sel", ""))

    @classmethod
    def of_text(cls, study: Study | None, text: str) -> Selection:
        """Read what an address carries."""
        if text.startswith(STORED):
            return cls._stored(study, text[1:])
        if text.startswith(BY_QUERY):
            return cls.by_query(study, text.removeprefix(BY_QUERY))
        return cls(read_numbers(text.split(","))[:MOST_IN_ADDRESS])

    @classmethod
    def keep(cls, study: Study, numbers: Iterable[int], *, at: datetime) -> Selection:
        """Return a selection that an address can carry, storing it if it is long."""
        found = tuple(dict.fromkeys(numbers))[:MOST_STORED]
        if len(found) <= MOST_IN_ADDRESS:
            return cls(found)
        digest = hashlib.sha256(",".join(map(str, found)).encode()).hexdigest()
        row, _ = StoredSelection.objects.get_or_create(
            study=study, digest=digest, defaults={"numbers": list(found), "created_at": at}
        )
        return cls(found, row.pk)

    @classmethod
    def by_query(cls, study: Study | None, text: str) -> Selection:
        """Return all that a query finds, the best first; nothing where it cannot be read or is empty."""
        try:
            return cls() if study is None or not text.strip() else cls.reading(study, text.strip())
        except QueryError:
            return cls()

    @classmethod
    def reading(cls, study: Study, text: str) -> Selection:
        """Return all that a query finds, the best first. Raises `QueryError`."""
        revision = study.newest_revision()
        asked = QueryDict(mutable=True)
        asked["q"] = text
        found = TableQuery(study, Catalogue(study, revision.parsed(), tuple(revision.looks)), asked)
        trials = found.trials(now=timezone.now())
        keys = found.order.keys(trials, MOST_STORED)
        by_key = dict(study.trials.filter(pk__in=keys).values_list("pk", "number"))
        numbers = tuple(by_key[key] for key in keys if key in by_key)
        total = trials.count() if len(numbers) == MOST_STORED else len(numbers)
        return cls(numbers, query=text, found=found, total=total)

    @classmethod
    def _stored(cls, study: Study | None, text: str) -> Selection:
        if study is None or not (text.isascii() and text.isdecimal() and len(text) <= 18):
            return cls()
        row = StoredSelection.objects.filter(study=study, pk=int(text)).first()
        return cls() if row is None else cls(tuple(row.numbers), row.pk)

    def __contains__(self, number: object) -> bool:
        return number in self.numbers

    def __len__(self) -> int:
        return max(self.total, len(self.numbers))

    def __str__(self) -> str:
        if self.query:
            return f"{BY_QUERY}{self.query}"
        return f"{STORED}{self.stored}" if self.stored is not None else ",".join(map(str, self.numbers))

    @property
    def compared(self) -> tuple[int, ...]:
        """Return the trials that are compared: the first dozen."""
        return self.numbers[:MOST]

    @property
    def tag(self) -> str:
        """Return a short word for it, fit for an ETag."""
        return f"{zlib.crc32(str(self).encode()):x}"

    def among(self, numbers: Iterable[int]) -> frozenset[int]:
        """Return which of some trials are selected."""
        asked = frozenset(numbers)
        if self.found is not None and len(self) > len(self.numbers):
            rows = self.found.trials(now=timezone.now())
            if len(asked) <= MOST_IN_ADDRESS:
                rows = rows.filter(number__in=asked)
            return asked & frozenset(rows.values_list("number", flat=True))
        return asked & frozenset(self.numbers)

    def letter(self, number: int) -> str:
        """Return the trial's letter; empty if it is not compared."""
        return LETTERS[self.compared.index(number)] if number in self.compared else ""

    def without(self, number: int) -> Selection:
        """Return the selection with one trial taken out, cut to what an address carries."""
        left = tuple(other for other in self.numbers if other != number)
        return Selection(left[:MOST_IN_ADDRESS])

    def with_also(self, number: int) -> Selection:
        """Return the selection with one trial more, cut to what an address carries."""
        return Selection((*self.without(number).numbers[: MOST_IN_ADDRESS - 1], number))

    def based_on(self, number: int) -> Selection:
        """Return the compared trials with one in front."""
        return Selection((number, *(other for other in self.compared if other != number)))


def read_numbers(texts: Iterable[str]) -> tuple[int, ...]:
    """Return the trial numbers among some texts, in order and once each."""
    found = (text.strip() for text in texts)
    return tuple(dict.fromkeys(int(text) for text in found if text.isascii() and text.isdecimal() and len(text) <= 9))


def address(path: str, query: QueryDict | None = None, **changes: str | int | None) -> str:
    """Return `path` with the query's parameters changed; None or an empty text takes one out."""
    pairs = [
        (key, value)
        for key, values in (query.lists() if query is not None else ())
        for value in values
        if key not in changes and key != "version"
    ]
    pairs += [(key, str(value)) for key, value in changes.items() if value not in (None, "")]
    return f"{path}?{urlencode(pairs, safe=',~')}" if pairs else path


def tray(study: Study, selection: Selection, *, path: str, query: QueryDict) -> Sequence[Selected]:
    """Return the docked tray's entries, in the order chosen; of a long selection, those that are compared."""
    if not selection.numbers:
        return ()
    rows = Trial.objects.filter(study=study, number__in=selection.compared).only(
        "number", "state", "ending_code", "ending_motive", "value", "best_value", "study_id"
    )
    return [
        _selected(trial, selection, _remove_url(trial, selection, path, query))
        for trial in sorted(rows, key=lambda row: selection.numbers.index(row.number))
    ]


def _remove_url(trial: Trial, selection: Selection, path: str, query: QueryDict) -> str:
    # What is left of a long selection may not fit an address: then the script, which may store it, takes it out.
    if len(selection) > MOST_IN_ADDRESS + 1:
        return ""
    return address(path, query, sel=str(selection.without(trial.number)) or None)


def _selected(trial: Trial, selection: Selection, remove_url: str) -> Selected:
    return Selected(
        letter=selection.letter(trial.number),
        number=trial.number,
        url=address(trial.get_absolute_url(), sel=str(selection)),
        kind=words.kind_of(trial.state, trial.ending_motive),
        ending=words.ending_of(trial.state, trial.ending_code),
        value=words.number(trial.best_value if trial.value is None else trial.value),
        remove_url=remove_url,
    )
