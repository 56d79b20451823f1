"""Answers to the questions of the dictionary: each block of SQL is asked, and its answer stands below it as a table."""  # noqa: INP001 - a script

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from sources.rest.catalogue.document import markdown_table

DICTIONARY: Final = Path(__file__).with_name("dictionary.md")

SETTINGS: Final = {
    "SOURCES__ATRIBU__MODELS": '["last_touch", "linear"]',
    "SOURCES__ATRIBU__REPORTING_CURRENCY": "USD",
}
_COMMAND: Final = re.compile(
    r"^\$ \.venv/bin/elt ((?:sync|views) .*--(?:sandbox|destination sandbox).*)$", re.MULTILINE
)
_QUESTION: Final = re.compile(r"(```sql\n(.*?)```\n)(?:\n(?:\|[^\n]*\n)+)?", re.DOTALL)

Ask = Callable[[str], tuple[Sequence[str], Sequence[Sequence[Any]]]]
"""Asks a query; gives the names of the columns, and rows."""


def commands(text: str) -> list[list[str]]:
    """Return the arguments of each `elt` command that makes the demo."""
    return [found.split() for found in _COMMAND.findall(text)]


def answered(text: str, ask: Ask) -> str:
    """Return the document with the answer of each query below it."""

    def answer(found: re.Match[str]) -> str:
        names, rows = ask(found[2])
        return f"{found[1]}\n{markdown_table(names, [[_told(value) for value in row] for row in rows])}\n"

    return _QUESTION.sub(answer, text)


def _told(value: object) -> str:
    return f"{value:,.10g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
