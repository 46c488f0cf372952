"""System checks of the ledger; `manage.py doctor` and `manage.py check --database default` run them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connections

from pruning import triggers


def ledger_is_guarded(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Report triggers that are missing or altered; a database that was not migrated yet has none to miss."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if triggers.TABLE not in connection.introspection.table_names():
            continue
        for name in triggers.missing(connection):
            found.append(
                Error(
                    f"The ledger's trigger {name} is missing or altered in database {alias!r}.",
                    hint="Run `manage.py migrate`: it installs the triggers. Then `manage.py ledger verify`.",
                    id="pruning.E001",
                )
            )
    return found
