"""The embedded broker: kombu's file-system transport, with three weak points mended.

As it comes, it writes a message straight under its final name, so that a reader may find half of it; and a message it
cannot read, or a folder that somebody deleted, ends the worker, and with it the trials that it runs. Here a message
appears whole, one that cannot be read is dropped (it was only a ring), and missing folders are made again.
"""

from __future__ import annotations

import logging
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

logger = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """Messages as files in a folder."""

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]  # as kombu's own
        name = f"{time.monotonic_ns() // 1_000_000}_{uuid.uuid4()}.{queue}.msg"
        folder = self._folder("data_folder_out")
        scratch = folder / f".{name}.partial"
        scratch.write_text(dumps(payload), encoding="utf-8")
        scratch.rename(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        try:
            return super()._get(queue)
        except FileNotFoundError:
            self._folder("data_folder_in")
        except ValueError as error:
            logger.warning("a message was unreadable", extra={"action": "broker", "queue": queue, "error": str(error)})
        raise Empty

    def _size(self, queue: str) -> int:
        self._folder("data_folder_in")
        return int(super()._size(queue))

    def _purge(self, queue: str) -> int:
        self._folder("data_folder_in")
        return int(super()._purge(queue))

    def _queue_bind(self, *args: Any) -> None:
        self.control_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        super()._queue_bind(*args)

    def _folder(self, option: str) -> Path:
        folder = Path(self.transport_options[option])
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


class Transport(filesystem.Transport):
    """The transport behind `filesystem://`."""

    Channel = Channel


def install() -> None:
    """Have `filesystem://` mean this transport, in this process."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
