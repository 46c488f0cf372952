"""The embedded broker survives half a message and a folder that is gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

from tuning_site import broker


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[broker.Channel]:
    """A channel of the embedded broker in a folder of its own."""
    broker.install()
    options = {"data_folder_in": str(tmp_path / "m"), "data_folder_out": str(tmp_path / "m")}
    options["control_folder"] = str(tmp_path / "c")
    with Connection("filesystem://localhost", transport_options=options) as connection:
        channel = connection.default_channel
        assert isinstance(channel, broker.Channel)
        yield channel


def test_a_message_goes_through(channel: broker.Channel) -> None:
    channel._put("cpu", {"body": "ring"})

    assert channel._get("cpu") == {"body": "ring"}
    with pytest.raises(Empty):
        channel._get("cpu")


def test_half_a_message_is_dropped_and_the_next_one_read(channel: broker.Channel, tmp_path: Path) -> None:
    channel._put("cpu", {"body": "ring"})
    (tmp_path / "m" / "0_a.cpu.msg").write_text('{"body": "W')

    with pytest.raises(Empty):
        channel._get("cpu")
    assert channel._get("cpu") == {"body": "ring"}


def test_folders_that_were_deleted_come_back(channel: broker.Channel, tmp_path: Path) -> None:
    channel._put("cpu", {"body": "ring"})
    shutil.rmtree(tmp_path / "m")

    with pytest.raises(Empty):
        channel._get("cpu")
    shutil.rmtree(tmp_path / "m")
    channel._put("cpu", {"body": "again"})
    assert channel._get("cpu") == {"body": "again"}
    shutil.rmtree(tmp_path / "m")
    assert channel._size("cpu") == 0


def test_a_reader_never_sees_a_message_in_the_making(channel: broker.Channel, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir(exist_ok=True)
    (tmp_path / "m" / ".0_a.cpu.msg.partial").write_text('{"body": "W')

    with pytest.raises(Empty):
        channel._get("cpu")
