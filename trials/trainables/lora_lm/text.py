"""The two corpora of `lora_lm`, made of text that every Python carries.

The base model learns from the sources of the standard library, fine-tuning from the language reference in
`pydoc_data.topics`. Tuning must never see what it is tested on, and the reference repeats itself: the same
passage may stand in several topics. So passages already seen in another topic are removed first, and whole
topics are split afterwards; the sources of the debugger, whose documentation is a topic, and the topics
themselves are left out of the base text.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import string
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

RUN_OF_WORDS = 10
"""Two passages that share this many consecutive words count as repeated."""
LARGE_TOPIC = 25_000
"""Topics with more characters go into the training split: one of them would fill a split of its own."""
HELD_OUT_SHARE = 0.17
"""Validation and test each get at most this share of the characters."""
CORRUPTED_SHARE = 0.05

NOT_BASE_FOLDERS = frozenset(
    {"__pycache__", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages", "test", "tests", "turtledemo"}
)
NOT_BASE_FILES = frozenset({"bdb.py", "pdb.py"})


@dataclass(frozen=True)
class Split:
    """The fine-tuning text, split by topic, with the topics' names."""

    train: dict[str, str]
    validation: dict[str, str]
    test: dict[str, str]

    def text(self, part: str) -> str:
        """Return one part as a single text, its topics in the order of their names."""
        topics: dict[str, str] = getattr(self, part)
        return "\n\n".join(topics[name] for name in sorted(topics))


def base_text(max_characters: int = 0) -> str:
    """Return the sources of the standard library, in the order of their paths, cut after `max_characters` if given."""
    root = Path(sysconfig.get_paths()["stdlib"])
    texts: list[str] = []
    size = 0
    for path in _source_files(root):
        texts.append(path.read_text(encoding="utf-8", errors="replace"))
        size += len(texts[-1])
        if max_characters and size >= max_characters:
            break
    text = "\n".join(texts)
    return text[:max_characters] if max_characters else text


def fine_tuning_split() -> Split:
    """Return the language reference without repeated passages, split by topic."""
    from pydoc_data.topics import topics

    return split_topics(unrepeated(topics))


def unrepeated(topics: Mapping[str, str]) -> dict[str, str]:
    """Drop every paragraph that shares a run of words with an earlier paragraph of any topic."""
    seen: set[tuple[str, ...]] = set()
    kept: dict[str, str] = {}
    for name in sorted(topics):
        paragraphs = []
        for paragraph in re.split(r"\n\s*\n", topics[name]):
            runs = word_runs(paragraph)
            if runs and not runs & seen:
                paragraphs.append(paragraph.strip("\n"))
                seen |= runs
        if paragraphs:
            kept[name] = "\n\n".join(paragraphs)
    return kept


def word_runs(paragraph: str) -> set[tuple[str, ...]]:
    """Return the runs of `RUN_OF_WORDS` consecutive words; a shorter paragraph is one run."""
    words = paragraph.lower().split()
    if not words:
        return set()
    last = max(1, len(words) - RUN_OF_WORDS + 1)
    return {tuple(words[start : start + RUN_OF_WORDS]) for start in range(last)}


def split_topics(topics: Mapping[str, str]) -> Split:
    """Split topics by a digest of their names, so that the split is the same everywhere."""
    split = Split(train={}, validation={}, test={})
    room = {part: HELD_OUT_SHARE * sum(map(len, topics.values())) for part in ("validation", "test")}
    for name in sorted(topics, key=_digest):
        size = len(topics[name])
        part = next((part for part in room if size <= min(room[part], LARGE_TOPIC)), "train")
        getattr(split, part)[name] = topics[name]
        if part in room:
            room[part] -= size
    return split


def corrupted(text: str, *, seed: int = 0) -> str:
    """Replace one letter in twenty by another letter, the same ones in every run."""
    draw = random.Random(seed)
    return "".join(
        draw.choice(string.ascii_lowercase) if letter.isalpha() and draw.random() < CORRUPTED_SHARE else letter
        for letter in text
    )


def text_digest(*texts: str) -> str:
    """Return a digest of the texts in their order."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(_digest(text).encode())
    return digest.hexdigest()


def _source_files(root: Path) -> list[Path]:
    found: list[Path] = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in NOT_BASE_FOLDERS and not name.startswith("config-")]
        found.extend(Path(folder, name) for name in files if _is_base_source(name))
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


def _is_base_source(name: str) -> bool:
    """Leave out the debugger, and what the build of this Python wrote: that differs from machine to machine."""
    return name.endswith(".py") and name not in NOT_BASE_FILES and not name.startswith("_sysconfigdata")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
