"""Plain data → YAML text that `trials.plan.text` reads back as the same data."""

from __future__ import annotations

import json
from typing import Any, TypeGuard

import yaml

from trials.plan.text import plain, read_yaml

WIDTH = 100
# What parts words in YAML; other blanks are letters like any other.
_SPACE = " \t\r\n"


class _Dumper(yaml.SafeDumper):
    """Quotes every text that YAML 1.2 would read as something else, such as `1e-5`; writes every value out."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # Of several lines only double quotes stay on one.
    style = '"' if "\n" in text or "\r" in text else None if _is_plain(text) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def write(data: object) -> str:
    """Return data as YAML; what holds nothing but plain values stands on one line."""
    return _dump(data, flow_style=None, width=WIDTH)


def flow(data: object) -> str:
    """Return data as YAML on one line."""
    return _dump(data, flow_style=True, width=1_000_000).strip(_SPACE)


def inner(data: object) -> str:
    """Return what stands between the brackets of a list or mapping: `sgd, adamw`, `epochs: 4`."""
    return flow(data)[1:-1].strip(_SPACE)


def scalar(value: object) -> str:
    """Return a plain value as a person types it; `value_of` reads it back."""
    if isinstance(value, str):
        return value if _is_plain(value) and value == value.strip() and value[:1] not in {"'", '"'} else _quoted(value)
    if isinstance(value, float):
        return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(repr(value), repr(value))
    return json.dumps(value)


def value_of(text: str) -> object:
    """Return what a typed value means: `1e-3` a number, `adamw` a word, `"8"` a text.

    Raises ValueError or PlanError for what is no value.
    """
    text = text.strip()
    if text[:1] in {"'", '"'}:
        return read_yaml(text).data
    return plain(text)


def read_inner(text: str, brackets: str) -> object:
    """Return the list (`[]`) or mapping (`{}`) whose inside is given, with its brackets or without.

    Raises PlanError for what is none.
    """
    text = text.replace("\r", " ").replace("\n", " ").strip(_SPACE)
    opening, closing = brackets[0], brackets[1]
    bare = text[1:-1] if text.startswith(opening) and text.endswith(closing) else text
    return read_yaml(f"{opening}{bare}{closing}").data


def read_block(text: str) -> object:
    """Return what a text of several lines says; None for an empty one. Raises PlanError."""
    return read_yaml(text).data if text.strip() else None


def is_scalar(value: object) -> bool:
    """Say whether a value is a plain one: a number, a word, true, false or null."""
    return value is None or isinstance(value, str | int | float | bool)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Say whether a value is a list of plain values."""
    return isinstance(value, list) and bool(value) and all(is_scalar(item) for item in value)


def _dump(data: object, *, flow_style: bool | None, width: int) -> str:
    text: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=flow_style, width=width
    )
    return text.removesuffix("\n...\n") + "\n" if text.endswith("\n...\n") else text


def _is_plain(text: str) -> bool:
    try:
        return plain(text) == text and text != ""
    except ValueError:
        return False


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
