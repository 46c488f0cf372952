"""Progress of a long command, on a terminal and in a log."""

from io import StringIO

from trials.management.lines import Lines


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def show(stream: StringIO) -> str:
    lines = Lines(stream)
    for text in ("1 of 2", "1 of 2", "2 of 2"):
        lines.show(text)
    lines.end()
    return stream.getvalue()


def test_without_a_terminal_a_line_is_printed_once() -> None:
    assert show(StringIO()).splitlines() == ["1 of 2", "2 of 2"]


def test_on_a_terminal_one_line_is_written_over() -> None:
    assert show(Terminal()) == "\r\x1b[K1 of 2\r\x1b[K1 of 2\r\x1b[K2 of 2\n"
