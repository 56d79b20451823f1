"""Standard output and standard error, and what every command prints alike."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

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
    "open",
    "cut",
    "at most",
}

_NAMES: Final = {"resource", "profile", "option", "column"}
"""Stay in one line: other columns give way."""


class PlainConsole(Console):
    """Prints text as it stands: cleaned, nothing in it read as markup. Style is for what comes as `Text`.

    A terminal gets its lines between words; a file or a pipe takes a line of any length.
    """

    def __init__(self, *, stderr: bool = False, width: int | None = None) -> None:
        super().__init__(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)
        self.soft_wrap = not self.is_terminal

    def render_str(self, text: str, **how: Any) -> Text:
        """Make of a string what is printed; every string comes by here, also those in the cells of a table."""
        return super().render_str(cleaned(text), **how)


out: Final = PlainConsole()
err: Final = PlainConsole(stderr=True)


def wide() -> Console:
    """Standard output for tables with many columns."""
    return PlainConsole(width=None if sys.stdout.isatty() else _WIDE)


def table(*headings: str) -> Table:
    """Make a table without lines; counts stand to the right."""
    made = Table(box=None, pad_edge=False)
    for heading in headings:
        justify: Literal["left", "right"] = "right" if heading in _COUNTS else "left"
        made.add_column(heading, justify=justify, overflow="fold", no_wrap=heading in _NAMES)
    return made


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], spare: Sequence[str] = ()) -> None:
    """Print a table as wide as the terminal is, in which long words go on in the next line.

    Args:
        headings: of its columns.
        rows: cells.
        spare: headings of columns that are left out, one after the other, where the terminal is too narrow for all.
    """
    place = wide()
    left_out: set[str] = set()
    for name in ["", *spare]:
        left_out |= {name}
        made = table(*(one for one in headings if one not in left_out))
        for row in rows:
            made.add_row(*(cell for one, cell in zip(headings, row, strict=True) if one not in left_out))
        if made.__rich_measure__(place, place.options.update(max_width=_WIDE)).maximum <= place.width:
            break
    place.print(made, soft_wrap=False)


def write_json(document: object) -> None:
    """Print one JSON document, every text in it cleaned."""
    text = json.dumps(document, default=lambda value: value.isoformat())
    json.dump(json.loads(text, object_pairs_hook=_clean), sys.stdout, indent=2)
    sys.stdout.write("\n")


def _clean(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {cleaned(name): _clean_value(value) for name, value in pairs}


def _clean_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_clean_value(one) for one in value]
    return cleaned(value) if isinstance(value, str) else value


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
