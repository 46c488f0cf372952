"""The end of a running trial's log, watched while it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page
from pytest_django import Settings

from tests.browser.conftest import Visit
from tests.factories import Played
from trials.pages import logs
from trials.running import checkpoints

pytestmark = pytest.mark.browser

LOG = "document.querySelector('#part-log pre')"
FROM_END = f"({LOG}.scrollHeight - {LOG}.clientHeight - {LOG}.scrollTop)"
# The words of the line at the top edge of what is seen, whatever stands above it.
TOP_LINE = """(() => {
  const box = document.querySelector('#part-log pre').getBoundingClientRect();
  const { offsetNode, offset } = document.caretPositionFromPoint(box.left + 40, box.top + 30);
  return offsetNode.data.slice(offsetNode.data.lastIndexOf('\\n', offset - 1) + 1).split('\\n')[0];
})()"""


class Log:
    """The file that a running attempt writes to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")

    def write(self, n: int) -> str:
        """Write more lines; return the last."""
        with self.path.open("a") as file:
            file.writelines(f"step {line} <b>loss</b>\n" for line in range(self.n, self.n + n))
        self.n += n
        return f"step {self.n - 1} <b>loss</b>"


@pytest.fixture
def log(played: Played, settings: Settings, tmp_path: Path) -> Log:
    settings.DATA_DIR = tmp_path
    return Log(checkpoints.log_file(played.running))


def opened(visit: Visit, played: Played) -> Page:
    """Open the running trial's page and mark it: a page read anew would have lost the mark."""
    page = visit.open(played.running.trial.get_absolute_url())
    page.evaluate("window.isTheSamePage = true")
    return page


def shows(visit: Visit, line: str) -> None:
    visit.until(f"{LOG}?.textContent.split('\\n').at(-1) === '{line}'")


def test_the_first_lines_of_a_log_appear_at_its_end(visit: Visit, played: Played, log: Log) -> None:
    page = opened(visit, played)
    assert "Nothing was written." in page.inner_text("#part-log")

    shows(visit, log.write(50))

    assert page.evaluate(FROM_END) < 1
    assert page.evaluate("window.isTheSamePage")
    assert visit.troubles == []


def test_who_stands_at_the_end_of_a_log_is_taken_along(visit: Visit, played: Played, log: Log) -> None:
    log.write(logs.TAIL_LINES)
    page = opened(visit, played)
    assert page.evaluate(FROM_END) < 1

    # With the pointer over it and the focus in it, as a reader has them.
    page.hover("#part-log pre")
    page.focus("#part-log pre")
    shows(visit, log.write(3))
    shows(visit, log.write(2))

    assert page.evaluate(FROM_END) < 1
    assert page.evaluate(f"{LOG}.textContent.split('\\n').length") == logs.TAIL_LINES
    assert page.evaluate(f"document.activeElement === {LOG}")
    assert page.evaluate("window.isTheSamePage")
    assert visit.troubles == []


def test_who_scrolled_up_keeps_the_lines_read_and_their_marking(visit: Visit, played: Played, log: Log) -> None:
    log.write(logs.TAIL_LINES)
    page = opened(visit, played)
    page.hover("#part-log pre")
    page.mouse.wheel(0, -300)
    visit.until(f"{FROM_END} > 200")
    read = page.evaluate(TOP_LINE)
    assert read.startswith("step ")
    page.evaluate(f"getSelection().setBaseAndExtent({LOG}.firstChild, 5, {LOG}.firstChild, 12)")
    marked = page.evaluate("getSelection().toString()")

    # So many that what is read is no longer among the last lines.
    for _ in range(3):
        shows(visit, log.write(logs.TAIL_LINES - 10))

    assert page.evaluate(TOP_LINE) == read
    assert page.evaluate("getSelection().toString()") == marked
    assert page.evaluate(f"{LOG}.textContent.split('\\n').length") == log.n

    page.evaluate(f"{LOG}.scrollTop = {LOG}.scrollHeight")
    shows(visit, log.write(1))
    assert page.evaluate(FROM_END) < 1
    assert page.evaluate(f"{LOG}.textContent.split('\\n').length") == logs.TAIL_LINES
    assert visit.troubles == []


def test_lines_that_were_never_sent_leave_a_mark(visit: Visit, played: Played, log: Log) -> None:
    log.write(logs.TAIL_LINES)
    page = opened(visit, played)
    page.evaluate(f"{LOG}.scrollTop = 0")

    shows(visit, log.write(5 * logs.TAIL_LINES))

    lines = page.evaluate(f"{LOG}.textContent.split('\\n')")
    assert lines[: logs.TAIL_LINES] == [f"step {n} <b>loss</b>" for n in range(logs.TAIL_LINES)]
    assert lines[logs.TAIL_LINES] == "⋯"
    assert len(lines) == 2 * logs.TAIL_LINES + 1
    assert page.evaluate(f"{LOG}.scrollTop") == 0
