"""Standard output and standard error, and what every command prints alike."""

import json
import logging
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sources.rest.redaction import cleaned
from sources.rest.windows import Window, merged

if TYPE_CHECKING:
    from sources.rest.reading.tasks import Task

PENDING: Final = (
    "a run has read what it has not loaded yet: it is at work, or was cut off and the next one goes on with it"
)

_WIDE: Final = 250
"""Columns of an output that is no terminal: a file or a pipe takes any line."""

_COUNTS: Final = {
    "windows",
    "calls",
    "units",
    "units today",
    "minutes",
    "rows",
    "days open",
    "truncated",
    "failed",
    "not asked",
}


class PlainConsole(Console):
    """Prints text as it stands: cleaned, nothing in it read as markup. Style is for what comes as `Text`."""

    def __init__(self, *, stderr: bool = False, width: int | None = None) -> None:
        super().__init__(stderr=stderr, width=width, soft_wrap=True, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **how: Any) -> Text:
        """Make of a string what is printed; every string comes by here, also those in the cells of a table."""
        return super().render_str(cleaned(text), **how)


out: Final = PlainConsole()
err: Final = PlainConsole(stderr=True)


def wide() -> Console:
    """Standard output for tables with many columns."""
    return PlainConsole(width=None if sys.stdout.isatty() else _WIDE)


_about: Final = ContextVar("about", default="")


@contextmanager
def about(name: str) -> Iterator[None]:
    """Let what is printed to standard error meanwhile begin with whom it is about."""
    token = _about.set(f"{name}:" if name else "")
    try:
        yield
    finally:
        _about.reset(token)


def note(text: str, label: Text | None = None) -> None:
    """Print something to standard error."""
    err.print(*([_about.get()] if _about.get() else []), *([label] if label else []), text)


def warn(text: str) -> None:
    """Print a warning to standard error."""
    note(text, Text("warning:", "yellow"))


class Warnings(logging.Handler):
    """Prints what our own modules log, as a warning."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        warn(record.getMessage())


warnings: Final = Warnings()


def problem(label: str, text: str) -> None:
    """Print to standard error what has gone wrong."""
    note(text, Text(f"{label}:", "bold red"))


def table(*headings: str) -> Table:
    """Make a table without lines; counts stand to the right."""
    made = Table(box=None, pad_edge=False)
    for heading in headings:
        made.add_column(heading, justify="right" if heading in _COUNTS else "left")
    return made


def write_json(document: object) -> None:
    """Print one JSON document."""
    json.dump(document, sys.stdout, indent=2, default=lambda value: value.isoformat())
    sys.stdout.write("\n")


def named(lines: Sequence[Any]) -> list[tuple[str, Any]]:
    """Return lines with their names: the resource, and the variant where there are several."""
    counts = Counter(line.resource for line in lines)
    return [(f"{line.resource} {line.variant}" if counts[line.resource] > 1 else line.resource, line) for line in lines]


def windows_by_name(tasks: Iterable["Task"]) -> list[tuple[str, str]]:
    """Return the names of tasks without their windows, each with its windows as few ranges."""
    windows: dict[str, list[Window]] = {}
    for task in tasks:
        name = " ".join([task.endpoint.name, *(value for _, value in task.variant)])
        windows.setdefault(name, []).extend([task.window] if task.window else [])
    return [(name, ", ".join(map(str, merged(found)))) for name, found in sorted(windows.items())]


def moment(value: datetime | None) -> str:
    """Return a moment to the minute."""
    return f"{value:%Y-%m-%d %H:%M}" if value else "-"
