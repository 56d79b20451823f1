"""What every run leaves in the destination: `sync_runs`, `sync_windows`, `restatements`; nothing personal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, Final, get_args, get_type_hints

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from sources.rest.catalogue.columns import Column, Type
from sources.rest.reading.arrays import ARROW
from sources.rest.vendor.resources import column_hint


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One run, as it ended."""

    run_id: str
    profile_id: str | None
    started_at: datetime
    ended_at: datetime
    outcome: str
    exit_code: int
    windows: int
    rows: int
    units: int
    calls: int
    retries: int
    failed: int
    skipped: int
    version: str


@dataclass(frozen=True, kw_only=True)
class WindowRow:
    """One window that a run has asked for."""

    run_id: str
    resource: str
    variant: str
    window: str
    date_from: date | None
    date_to: date | None
    reason: str
    rows: int | None
    truncated: bool
    error: str | None
    request_id: str | None
    read_at: datetime

    def after(self, earlier: "WindowRow | None") -> "WindowRow":
        """What is said of several calls that only one row speaks of."""
        if earlier is None:
            return self
        rows = None if self.rows is None and earlier.rows is None else (self.rows or 0) + (earlier.rows or 0)
        return replace(self, rows=rows, error=self.error or earlier.error)


@dataclass(frozen=True, kw_only=True)
class Restated:
    """A change of a day that was loaded before; a value that was not there, or is no more, is null."""

    run_id: str
    resource: str
    variant: str
    date: date
    key: str
    metric: str
    old: float | None
    new: float | None
    seen_at: datetime


HISTORY: Final[Mapping[str, tuple[type, tuple[str, ...], str, Mapping[str, str]]]] = {
    "sync_runs": (
        RunRow,
        ("run_id",),
        "One row per run.",
        {
            "run_id": "Id of the run.",
            "profile_id": "Profile whose rows were loaded; null where no answer has told it.",
            "started_at": "When the run began.",
            "ended_at": "When it ended.",
            "outcome": "done, allowance, failed_windows, later, refused, configuration, interrupted or terminated.",
            "exit_code": "Exit code of the process.",
            "windows": "Windows loaded.",
            "rows": "Rows loaded.",
            "units": "Units of the rate limit spent.",
            "calls": "Requests sent.",
            "retries": "Requests that repeated an earlier one.",
            "failed": "Windows that failed.",
            "skipped": "Windows that were planned and not asked for.",
            "version": "Version of this program.",
        },
    ),
    "sync_windows": (
        WindowRow,
        ("run_id", "resource", "variant", "window"),
        "One row per window that a run has asked for.",
        {
            "run_id": "Id of the run.",
            "resource": "Resource that was read.",
            "variant": "Values of its parameters, such as the attribution model.",
            "window": "Days asked for; empty for what has no dates.",
            "date_from": "First of them.",
            "date_to": "Last of them.",
            "reason": "Why: new, hint, check, restated, again, ladder, gap, history, snapshot.",
            "rows": "Rows of the answer; null where it failed.",
            "truncated": "Whether the API cut the list off.",
            "error": "What failed; null where nothing did.",
            "request_id": "Id to quote to the vendor.",
            "read_at": "When the answer was there.",
        },
    ),
    "restatements": (
        Restated,
        ("run_id", "resource", "variant", "date", "key", "metric"),
        "One row per metric of a loaded day that the API has changed since.",
        {
            "run_id": "Id of the run that has seen it.",
            "resource": "Resource.",
            "variant": "Values of its parameters, such as the attribution model.",
            "date": "Day, or first day of the window, that changed.",
            "key": "Value of the dimension, such as a channel; empty where there is none.",
            "metric": "Metric that changed.",
            "old": "Value loaded before; null where there was none.",
            "new": "Value now; null where there is none any more.",
            "seen_at": "When the change was seen.",
        },
    ),
}
"""Table -> (row type, primary key, description, column descriptions)."""

_TYPES: Final[Mapping[type, Type]] = {
    int: Type.BIGINT,
    float: Type.DOUBLE,
    bool: Type.BOOLEAN,
    date: Type.DATE,
    datetime: Type.TIMESTAMP,
    str: Type.TEXT,
}


def history_table(name: str, rows: Iterable[Any]) -> list[DltResource]:
    """Make the resource of one history table; none where there are no rows."""
    _, key, description, _ = HISTORY[name]
    return own_table(name, history_columns(name), key, [asdict(row) for row in rows], description)


def history_columns(name: str) -> Sequence[Column]:
    """Columns of one history table."""
    kind, _, _, descriptions = HISTORY[name]
    return [
        Column(name=name, type=_TYPES[(get_args(hint) or (hint,))[0]], description=descriptions[name])
        for name, hint in get_type_hints(kind).items()
    ]


def own_table(
    name: str, columns: Sequence[Column], key: Sequence[str], rows: Sequence[Mapping[str, Any]], description: str
) -> list[DltResource]:
    """Make the resource of a table that no endpoint fills, rows replaced by their key; none without rows."""
    if not rows:
        return []
    fields = [pa.field(column.name, ARROW[column.type], nullable=column.name not in key) for column in columns]
    table = pa.Table.from_pylist(rows, schema=pa.schema(fields))
    resource = dlt.resource(
        [table],
        name=name,
        columns={column.name: column_hint(column, tuple(key)) for column in columns},
        primary_key=list(key),
        write_disposition={"disposition": "merge", "strategy": "delete-insert"},
    )
    resource.apply_hints(additional_table_hints={"description": description})
    return [resource]
