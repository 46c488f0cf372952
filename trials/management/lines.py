"""Progress of a long command, on one line of a terminal or as lines of a log."""

from __future__ import annotations

import time
from typing import TextIO

# Without a terminal a line is printed when something changed, and at most this often.
LINE_SECONDS = 10.0


class Lines:
    """One line that is rewritten on a terminal; lines of their own, not too many, elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._is_terminal = stream, stream.isatty()
        self._last, self._printed, self._next = "", "", 0.0

    def show(self, text: str) -> None:
        """Show how far the command is."""
        if self._is_terminal:
            self._stream.write(f"\r\x1b[K{text}")
        elif text != self._printed and time.monotonic() >= self._next:
            self._stream.write(f"{text}\n")
            self._printed, self._next = text, time.monotonic() + LINE_SECONDS
        self._last = text
        self._stream.flush()

    def end(self) -> None:
        """Leave the last line standing."""
        if self._is_terminal or self._last != self._printed:
            self._stream.write("\n" if self._is_terminal else f"{self._last}\n")
        self._stream.flush()
