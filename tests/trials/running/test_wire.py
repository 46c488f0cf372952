"""Messages between a supervisor and its child are plain JSON."""

import math

import pytest

from trials.running.child import failure_code
from trials.running.wire import decode, encode, floats, numbers


def test_numbers_that_are_none_survive_the_pipe() -> None:
    told = {"a": math.nan, "b": math.inf, "c": -math.inf, "d": 0.1}

    heard = floats(decode(encode({"metrics": numbers(told)}))["metrics"])

    assert math.isnan(heard.pop("a"))
    assert heard == {"b": math.inf, "c": -math.inf, "d": 0.1}


def test_a_message_is_an_object() -> None:
    with pytest.raises(ValueError, match="not list"):
        decode(b"[]")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "out_of_memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), "out_of_memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "out_of_memory"),
        (OSError(28, "No space left on device"), "disk_full"),
        (RuntimeError("shapes do not match"), "error"),
        (ValueError("out of memory of better days"), "error"),
    ],
)
def test_a_failure_is_called_by_its_kind(error: Exception, code: str) -> None:
    assert failure_code(error) == code
