"""What `elt history` prints: rows as a table, as CSV, or as JSON."""

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pipelines.commands.history import KEPT
from pipelines.storing.history import HISTORY
from pipelines.telling.console import moment, out, print_table, write_json
from sources.rest.redaction import cleaned

if TYPE_CHECKING:
    from pipelines.commands.history import Row
    from pipelines.running.profiles import Done

SHOWN: Final[Mapping[str, tuple[Mapping[str, str], Sequence[str]]]] = {
    "runs": (
        {
            "started_at": "began (UTC)",
            "ended_at": "ended (UTC)",
            "command": "command",
            "outcome": "outcome",
            "row_count": "rows",
            "windows": "windows",
            "failed": "failed",
            "skipped": "not asked",
            "units": "units",
            "retries": "retries",
        },
        ("retries", "ended (UTC)"),
    ),
    "windows": (
        {
            "read_at": "read (UTC)",
            "resource": "resource",
            "variant": "variant",
            "date_range": "days",
            "reason": "why",
            "row_count": "rows",
            "truncated": "cut",
            "error": "error",
            "request_id": "request",
        },
        ("request", "cut", "why"),
    ),
    "restatements": (
        {
            "seen_at": "seen (UTC)",
            "resource": "resource",
            "variant": "variant",
            "date": "day",
            "dimension_value": "of",
            "metric": "metric",
            "old_value": "was",
            "new_value": "is",
        },
        ("variant",),
    ),
}
"""Columns of a table for a person with their headings, and those that a narrow terminal does without."""


def print_histories(done: "Sequence[Done[Sequence[Row]]]", what: str, form: str) -> None:
    """Print what was found of each profile, the name of the profile in front where there are several."""
    found = [(one.name, row) for one in done if one.result is not None for row in one.result]
    if all(one.result is None for one in done):
        return
    several = len(done) > 1
    if form == "json":
        write_json([{**({"profile": name} if several else {}), **row} for name, row in found])
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([*(["profile"] if several else []), *(one.name for one in HISTORY[KEPT[what].table].columns)])
        for name, row in found:
            writer.writerow([*([name] if several else []), *map(_exact, row.values())])
    elif found:
        columns, spare = SHOWN[what]
        rows = [[*([name] if several else []), *_cells(row, columns)] for name, row in found]
        print_table([*(["profile"] if several else []), *columns.values()], rows, spare)
    else:
        out.print("nothing is found")


def _cells(row: "Row", columns: Mapping[str, str]) -> Iterator[str]:
    for column in columns:
        value = row[column]
        yield "-" if value is None else moment(value) if isinstance(value, datetime) else _short(value)


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _exact(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else cleaned(value) if isinstance(value, str) else value
