#!/usr/bin/env python3
"""Check exported pruning ledgers: one file, standard library only, nothing of the software that wrote them.

    python verifier.py LEDGER.jsonl [...]

Exit status 0 if every chain holds; 1 if one breaks, with the first bad entry named; 2 if a file cannot be read.

The file has one JSON object a line: {"format", "study", "mark"} opens a study and names one row that it must have,
{"hash", "body"} is one row, and {"head", "sequence", "rows"} closes it. `body` is the text whose SHA-256 is `hash`: a
line "espalier-ledger/1", then JSON with the fields of the row, among them the study, its sequence number and the hash
of the row before.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FORMAT = "espalier-ledger-export/1"
HEADER = "espalier-ledger/1\n"
GENESIS = "0" * 64


class Broken(Exception):
    """A chain that does not hold."""


class Chain:
    """One study's chain, followed row by row."""

    def __init__(self, study: str, mark: dict[str, Any] | None = None) -> None:
        self.study = study
        self.mark = mark
        self.rows = 0
        self.sequence: int | None = None
        self.hash = GENESIS
        self.closed = False

    def follow(self, hashed: str, body: str) -> None:
        """Check one row and step onto it."""
        place = f"row {self.rows + 1} (entry {'?' if self.sequence is None else self.sequence + 1})"
        if hashlib.sha256(body.encode("ascii")).hexdigest() != hashed:
            raise Broken(f"{place}: the body does not have the hash beside it")
        if not body.startswith(HEADER):
            raise Broken(f"{place}: the body is of another schema")
        record = json.loads(body[len(HEADER) :])
        if record["study_uid"] != self.study:
            raise Broken(f"{place}: it belongs to study {record['study_uid']}")
        if record["previous_hash"] != self.hash:
            raise Broken(f"{place}: it does not continue the row before it")
        if self.sequence is not None and record["sequence"] != self.sequence + 1:
            raise Broken(f"{place}: its number is {record['sequence']}")
        if self.mark and record["sequence"] == self.mark["sequence"] and hashed != self.mark["hash"]:
            raise Broken(f"{place}: it is not the row that the head of its chain names")
        self.rows, self.sequence, self.hash = self.rows + 1, record["sequence"], hashed

    def close(self, head: str, sequence: int, rows: int) -> None:
        """Compare the chain's end with where the study stands."""
        if self.mark and self.mark["sequence"] > (self.sequence or 0):
            raise Broken(f"the head names entry {self.mark['sequence']}, the chain ends at {self.sequence}")
        if (head, sequence, rows) != (self.hash, self.sequence, self.rows):
            raise Broken(f"the head is entry {sequence} after {rows} rows, the chain ends at {self.sequence}")
        self.closed = True


def check(lines: Iterable[str]) -> list[Chain]:
    """Follow every chain in an export; Broken names the study and its first bad row."""
    chains: list[Chain] = []
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            if "format" in entry:
                _start(chains, entry)
            elif "head" in entry:
                chains[-1].close(entry["head"], entry["sequence"], entry["rows"])
            else:
                chains[-1].follow(entry["hash"], entry["body"])
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise Broken(f"line {number} is no line of a ledger export ({type(error).__name__}: {error})")
        except Broken as error:
            raise Broken(f"study {chains[-1].study}, line {number}, {error}")
    if chains and not chains[-1].closed:
        raise Broken(f"study {chains[-1].study}: the file ends before its head; it may be cut off")
    return chains


def _start(chains: list[Chain], entry: dict[str, Any]) -> None:
    if entry["format"] != FORMAT:
        raise ValueError(f"format {entry['format']!r}, expected {FORMAT!r}")
    if chains and not chains[-1].closed:
        raise Broken("the next study begins before the head of this one")
    chains.append(Chain(entry["study"], entry.get("mark")))


def main(paths: list[str]) -> int:
    """Check the files named on the command line and say what was found."""
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    for path in paths:
        try:
            with Path(path).open(encoding="ascii") as lines:
                chains = check(lines)
        except Broken as error:
            print(f"{path}: BROKEN: {error}")
            return 1
        except (OSError, UnicodeDecodeError) as error:
            print(f"{path}: cannot be read: {error}", file=sys.stderr)
            return 2
        print(f"{path}: {len(chains)} chains intact, {sum(chain.rows for chain in chains)} rows checked")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
