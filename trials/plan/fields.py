"""Take fields out of loose data, one at a time, collecting what is wrong instead of stopping at the first."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trials.plan.model import PlanError, Problem
from trials.plan.text import Document, child

SHOWN = 60
MOST_PROBLEMS = 100


@dataclass
class Problems:
    """What is wrong with a document so far; knows the line of every path."""

    document: Document
    found: list[Problem] = field(default_factory=list)

    def add(self, path: str, message: str) -> None:
        """Note one problem; the second one at a path is left out, for it mostly follows from the first."""
        if not self.is_full and all(problem.path != path for problem in self.found):
            self.found.append(Problem(path=path, message=message, line=self.document.line_of(path)))

    @property
    def is_full(self) -> bool:
        """Say whether so much is wrong that more would help nobody (and cost a hostile sender nothing)."""
        return len(self.found) >= MOST_PROBLEMS

    def under(self, path: str) -> bool:
        """Say whether anything is wrong at a path or inside it."""
        return any(problem.path == path or problem.path.startswith((f"{path}.", f"{path}[")) for problem in self.found)

    def raise_any(self) -> None:
        """Raise PlanError if anything was noted, in the order of the lines."""
        if self.found:
            raise PlanError(sorted(self.found, key=lambda problem: problem.line or 0))


@dataclass(frozen=True)
class Section:
    """One mapping of the document."""

    path: str
    data: Mapping[str, object]
    problems: Problems

    def __contains__(self, name: str) -> bool:
        return self.data.get(name) is not None

    def at(self, name: str) -> str:
        """Return the path of a field of this section."""
        return child(self.path, name)

    def complain(self, name: str, message: str) -> None:
        """Note what is wrong with a field of this section."""
        self.problems.add(self.at(name), message)

    def only(self, known: Sequence[str], noun: str = "field") -> None:
        """Complain about every key that is not known, with the likeliest spelling."""
        for name in self.data:
            if self.problems.is_full:
                return
            if name not in known:
                self.complain(name, unknown(name, known, noun))

    def require(self, name: str, remedy: str) -> bool:
        """Complain unless the field is given; say whether it is."""
        value = self.data.get(name)
        missing = value is None or (isinstance(value, str) and not value.strip())
        if missing:
            self.complain(name, f"missing; {remedy}")
        return not missing

    def text(self, name: str, *, most: int, default: str = "", prose: bool = False) -> str:
        """Return a text of at most `most` characters; of one line unless it is prose."""
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            self.complain(name, f"{shown(value)} is not a text; put it in quotes if it is meant as one")
        elif len(value) > most:
            self.complain(name, f"{len(value)} characters; shorten it to at most {most}")
        elif not prose and not value.strip().isprintable():
            self.complain(name, f"{shown(value)} has a line break or control character; write one plain line")
        else:
            return value.strip()
        return default

    def integer(self, name: str, *, low: int, high: int, default: int | None = None) -> int | None:
        """Return a whole number in [low, high]."""
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            self.complain(name, f"{shown(value)} is not a whole number; write one such as {max(low, 1)}")
        elif not low <= value <= high:
            self.complain(name, f"{value} is out of bounds; give a whole number from {low} to {high}")
        else:
            return value
        return default

    def positive(self, name: str, *, most: float) -> float | None:
        """Return a number above zero."""
        value = self.number(name)
        if value is not None and not 0 < value <= most:
            self.complain(name, f"{value:g} is out of bounds; give a number above 0, at most {most:g}, or leave it out")
            return None
        return value

    def number(self, name: str) -> float | None:
        """Return a finite number."""
        value = self.data.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.complain(name, f"{shown(value)} is not a finite number; write one such as 0.5 or 1e-3")
            return None
        return float(value)

    def boolean(self, name: str) -> bool:
        """Return true or false, false where the field is left out."""
        value = self.data.get(name)
        if value is not None and not isinstance(value, bool):
            self.complain(name, f"{shown(value)} is neither true nor false; write one of the two")
        return value is True

    def section(self, name: str) -> Section | None:
        """Return a mapping inside this one."""
        return as_section(self.data.get(name), self.at(name), self.problems)

    def items(self, name: str, *, most: int) -> list[tuple[str, object]]:
        """Return (path, value) of each item of a list."""
        value = self.data.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.complain(name, f"{shown(value)} is not a list; write [a, b] or one `- item` a line")
            return []
        if len(value) > most:
            self.complain(name, f"{len(value)} items; give at most {most}")
            return []
        return [(child(self.at(name), index), item) for index, item in enumerate(value)]


def as_section(value: object, path: str, problems: Problems) -> Section | None:
    """Return a value as a section; None, with a complaint unless it is null, if it is no mapping."""
    if isinstance(value, dict):
        return Section(path, value, problems)
    if value is not None:
        problems.add(path, f"{shown(value)} is not a mapping; write `name: value` lines below it")
    return None


def unknown(name: str, known: Sequence[str], noun: str) -> str:
    """Return the complaint about a name nobody knows, with the likeliest spelling or all that are known."""
    close = difflib.get_close_matches(name[:SHOWN], known, n=1, cutoff=0.6)
    if close:
        return f"there is no such {noun}; did you mean `{close[0]}`?"
    return f"there is no such {noun}; use one of {', '.join(sorted(known))}" if known else f"there is no such {noun}"


def shown(value: object) -> str:
    """Return a value as a message quotes it, never long."""
    if isinstance(value, dict | list):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
