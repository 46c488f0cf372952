"""Copies of what the database holds, and whether the transactions that told them went through."""

from __future__ import annotations

from django.db import connection, transaction


class Settling:
    """Something kept in this process beside the database: it holds unless the transaction that moved it rolled back."""

    def __init__(self) -> None:
        self._is_settled = True
        self._token: object = None

    def holds(self) -> bool:
        """Say whether nothing in it was rolled back."""
        return self._is_settled or any(registered[1] is self._token for registered in connection.run_on_commit)

    def settle_on_commit(self) -> None:
        """Hear that it was moved: it counts as settled once the transaction that is open has gone through."""
        if not self._is_settled and self.holds():
            return  # it settles with this transaction already

        def settle() -> None:
            self._is_settled = True

        self._is_settled, self._token = False, settle
        transaction.on_commit(settle)
