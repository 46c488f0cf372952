"""Sends an attempt's batches in order, without ever holding up training for long."""

from __future__ import annotations

import logging
from collections import deque

from trials.client.answers import Answer, answer_from
from trials.client.errors import Conflict, NotAllowed, NotFound, Refused, ServerAway
from trials.client.link import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Body, Link
from trials.client.spool import Spool

logger = logging.getLogger("espalier.client")

AWAY = Answer(sentence="The server is away; the report waits in the spool.", heard=False)


class Outbox:
    """The batches of one attempt that the server has not taken yet, oldest first."""

    def __init__(self, link: Link, *, attempt: int, spool: Spool) -> None:
        self._link = link
        self._path = f"attempts/{attempt}/report"
        self._spool = spool
        self._waiting: deque[Body] = deque()
        self._next_batch = 1
        self._is_away = False
        self._pause = FIRST_PAUSE_SECONDS
        self._not_before = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, points: list[Body]) -> None:
        """Put one batch behind the others, under the next number."""
        batch: Body = {"batch": self._next_batch, "points": points}
        self._next_batch += 1
        self._waiting.append(batch)
        if self._is_away:
            self._spool.add(self._path, batch)

    def send(self, *, patience: float) -> Answer:
        """Send what waits and return the last answer, or the first one that halts.

        Takes about `patience` seconds at most. While the server is away further calls return at once; it is only
        asked again after a pause that grows.
        """
        if self._is_away and self._link.clock() < self._not_before:
            return AWAY
        answer, deadline = Answer(), self._link.clock() + patience
        while self._waiting:
            try:
                answer = self._send_first(max(0.0, deadline - self._link.clock()))
            except ServerAway as error:
                return self._note_away(str(error))
            except NotAllowed as error:
                # A token can be replaced while training goes on; what was measured meanwhile is worth keeping.
                return self._note_away(error.detail)
            if answer.halts:
                self._waiting.clear()
        self._note_delivered()
        return answer

    def _send_first(self, patience: float) -> Answer:
        """Send the oldest batch; raise `ServerAway` or `NotAllowed` and keep it if it did not arrive."""
        batch = self._waiting[0]
        try:
            answer = answer_from(self._link.patiently("POST", self._path, batch, patience=patience))
        except (Conflict, NotFound) as error:
            # Another attempt owns the trial, or it has ended: training on would be for nobody.
            return Answer(action="STOP", code=error.code, sentence=error.detail)
        except NotAllowed:
            raise
        except Refused as error:
            logger.error("batch %s was not stored: %s", batch["batch"], error.detail)
            answer = Answer(code=error.code, sentence=f"Not stored: {error.detail}")
        self._waiting.popleft()
        return answer

    def _note_away(self, why: str) -> Answer:
        if not self._is_away:
            logger.warning("%s; training goes on and reports wait in %s", why, self._spool.path)
            for batch in self._waiting:
                self._spool.add(self._path, batch)
        self._is_away = True
        self._not_before = self._link.clock() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        return AWAY

    def _note_delivered(self) -> None:
        if self._is_away:
            logger.info("the server is back; every report has arrived")
            self._spool.clear()
        self._is_away = False
        self._pause = FIRST_PAUSE_SECONDS
