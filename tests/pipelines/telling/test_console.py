"""A console prints what a server says as it stands, and a terminal obeys none of it."""

import io

import pytest
from rich.text import Text

from pipelines.telling import console

NASTY = "[bold red]x[/] :smile: \x1b[31m\x1b]0;t\x07red\nnext jane@example.com"
CLEAN = "[bold red]x[/] :smile: red next <e-mail>"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    for one in (console.out, console.err):
        monkeypatch.setattr(one, "_file", stream)  # `file` would be put back as what pytest has for now
    return stream


def test_strings_are_one_clean_line_and_no_markup(printed: io.StringIO) -> None:
    console.out.print(NASTY)
    assert printed.getvalue() == f"{CLEAN}\n"


def test_so_are_headings_and_cells_of_a_table(printed: io.StringIO) -> None:
    lines = console.table(NASTY)
    lines.add_row(NASTY)
    console.out.print(lines)
    assert [line.rstrip() for line in printed.getvalue().splitlines()] == [CLEAN, CLEAN]


def test_a_style_of_our_own_is_one_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = console.PlainConsole()
    terminal.file = stream = io.StringIO()
    terminal._force_terminal = True  # noqa: SLF001 - rich takes it at construction only
    terminal._color_system = terminal._detect_color_system()  # noqa: SLF001 - as above
    terminal.print(Text("no", "bold"), NASTY)
    assert stream.getvalue() == f"\x1b[1mno\x1b[0m {CLEAN}\n"
