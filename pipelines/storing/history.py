"""What every run leaves in the destination: `sync_runs`, `sync_windows`, `restatements`; nothing personal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any, Final, get_args, get_type_hints

import dlt
import pyarrow as pa
from dlt.common.schema.typing import TColumnSchema
from dlt.extract import DltResource

from pipelines.sql.runs import RUNS
from sources.rest.catalogue.columns import Column, Type
from sources.rest.reading.arrays import ARROW
from sources.rest.vendor.resources import column_hint, described

SYNC: Final = "sync"
"""Command whose runs load."""

VERIFY: Final = "verify"
"""Command whose runs compare, and only load what differs where that is asked for."""

RUNNING: Final = "running"
"""Outcome of a run that has not come to its end."""

KILLED: Final = "killed"
"""Outcome of a run that never will."""

RESTATEMENTS: Final = "restatements"
"""Table of what has changed."""


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One run: as it goes on, and as it ended."""

    run_id: Annotated[str, "Id of the run."]
    profile_id: Annotated[str | None, "Profile whose rows were loaded; null where no answer has told it."]
    started_at: Annotated[datetime, "When the run began."]
    ended_at: Annotated[datetime | None, "When it ended; null if it has not, or was killed."]
    outcome: Annotated[
        str,
        "done, allowance, failed_windows, internal, later, refused, configuration, interrupted or terminated;"
        " running until then, killed once a later run has found that it did not come to its end.",
    ]
    exit_code: Annotated[int | None, "Exit code of the process; null while it runs, and if it was killed."]
    windows: Annotated[int, "Windows loaded, so far while it runs; those whose rows were stored already count too."]
    row_count: Annotated[
        int, "Rows loaded, so far while it runs; rows of windows that were stored already do not count."
    ]
    units: Annotated[int, "Units of the rate limit spent; those of a killed run as of its last commit."]
    calls: Annotated[int, "Requests sent."]
    retries: Annotated[int, "Requests that repeated an earlier one."]
    failed: Annotated[int, "Windows that failed."]
    skipped: Annotated[int, "Windows that were planned and not asked for."]
    version: Annotated[str, "Version of this program."]
    command: Annotated[str | None, "sync, or verify; null in rows that an earlier version has left."] = None


@dataclass(frozen=True, kw_only=True)
class WindowRow:
    """One window that a run has asked for."""

    run_id: Annotated[str, "Id of the run."]
    profile_id: Annotated[str | None, "Profile that was asked about; null where no answer has told it."] = None
    resource: Annotated[str, "Resource that was read."]
    variant: Annotated[str, "Values of its parameters, such as the attribution model."]
    date_range: Annotated[str, "Days asked for; empty for what has no dates."]
    date_from: Annotated[date | None, "First of them."]
    date_to: Annotated[date | None, "Last of them."]
    reason: Annotated[str, "Why: new, hint, check, restated, again, ladder, gap, history, snapshot, changed."]
    row_count: Annotated[int | None, "Rows of the answer; null where it failed."]
    truncated: Annotated[bool, "Whether the API cut the list off."]
    error: Annotated[str | None, "What failed; null where nothing did."]
    request_id: Annotated[str | None, "Id to quote to the vendor."]
    read_at: Annotated[datetime, "When the answer was there."]

    def after(self, earlier: "WindowRow | None") -> "WindowRow":
        """What is said of several calls that only one row speaks of."""
        if earlier is None:
            return self
        counts = (self.row_count, earlier.row_count)
        rows = None if counts == (None, None) else sum(count or 0 for count in counts)
        return replace(self, row_count=rows, error=self.error or earlier.error)


@dataclass(frozen=True, kw_only=True)
class RestatementRow:
    """A change of a day that was loaded before; a value that was not there, or is no more, is null."""

    run_id: Annotated[str, "Id of the run that has seen it."]
    profile_id: Annotated[str | None, "Profile whose day it is; null where no answer has told it."] = None
    resource: Annotated[str, "Resource."]
    variant: Annotated[str, "Values of its parameters, such as the attribution model."]
    date: Annotated[date, "Day, or first day of the window, that changed."]
    dimension_value: Annotated[str, "Value of the dimension, such as a channel; empty where there is none."]
    metric: Annotated[str, "Metric that changed."]
    old_value: Annotated[float | None, "Value loaded before; null where there was none."]
    new_value: Annotated[float | None, "Value now; null where there is none any more."]
    seen_at: Annotated[datetime, "When the change was seen."]


@dataclass(frozen=True)
class HistoryTable:
    """A table that every run writes to.

    Attributes:
        row: type of its rows; each field is a column.
        key: columns that tell its rows apart.
        description: what a row is.
        renamed: names that columns had in layout 1, and have now.
    """

    row: type
    key: tuple[str, ...]
    description: str
    renamed: Mapping[str, str]

    @cached_property
    def columns(self) -> Sequence[Column]:
        """Its columns."""
        columns = []
        for column, hint in get_type_hints(self.row, include_extras=True).items():
            value, description = get_args(hint)
            python = (get_args(value) or (value,))[0]
            columns.append(Column(name=column, type=_TYPES[python], description=description))
        return columns

    def column_hints(self) -> dict[str, TColumnSchema]:
        """Its columns for dlt."""
        return {column.name: column_hint(column, self.key) for column in self.columns}


HISTORY: Final[Mapping[str, HistoryTable]] = {
    RUNS: HistoryTable(RunRow, ("run_id",), "One row per run, from its start on.", {"rows": "row_count"}),
    "sync_windows": HistoryTable(
        WindowRow,
        ("run_id", "resource", "variant", "date_range"),
        "One row per window that a run has asked for.",
        {"window": "date_range", "rows": "row_count"},
    ),
    RESTATEMENTS: HistoryTable(
        RestatementRow,
        ("run_id", "resource", "variant", "date", "dimension_value", "metric"),
        "One row per metric of a loaded day that the API has changed since.",
        {"key": "dimension_value", "old": "old_value", "new": "new_value"},
    ),
}
"""Tables of every run, by name. No column has a name that a warehouse reserves."""

_TYPES: Final[Mapping[type, Type]] = {
    int: Type.BIGINT,
    float: Type.DOUBLE,
    bool: Type.BOOLEAN,
    date: Type.DATE,
    datetime: Type.TIMESTAMP,
    str: Type.TEXT,
}


@dataclass(frozen=True)
class Said:
    """What a run says of itself since the last time.

    Attributes:
        rows: of the tables of every run, by table.
        further: other tables that go with them.
    """

    rows: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    further: Sequence[DltResource] = ()

    @property
    def resources(self) -> list[DltResource]:
        """All of them for dlt."""
        return [*(one for name, rows in self.rows.items() for one in history_resource(name, rows)), *self.further]


def history_resource(name: str, rows: Iterable[Any]) -> list[DltResource]:
    """Make the resource of one history table; none where there are no rows."""
    table = HISTORY[name]
    return own_table(name, table.columns, table.key, [asdict(row) for row in rows], table.description)


def own_table(
    name: str, columns: Sequence[Column], key: Sequence[str], rows: Sequence[Mapping[str, Any]], description: str
) -> list[DltResource]:
    """Make the resource of a table that no endpoint fills, rows replaced by their key; none without rows."""
    return [_own_resource(name, columns, key, rows, description)] if rows else []


def history_tables(*, personal: bool) -> list[DltResource]:
    """Make the resources of all history tables of a dataset, without rows; no change of personal rows is kept."""
    return [
        _own_resource(name, table.columns, table.key, [], table.description)
        for name, table in HISTORY.items()
        if not (personal and table.row is RestatementRow)
    ]


def _own_resource(
    name: str, columns: Sequence[Column], key: Sequence[str], rows: Sequence[Mapping[str, Any]], description: str
) -> DltResource:
    fields = [pa.field(column.name, ARROW[column.type], nullable=column.name not in key) for column in columns]
    table = pa.Table.from_pylist(rows, schema=pa.schema(fields))
    resource = dlt.resource(
        [table],
        name=name,
        columns={column.name: column_hint(column, tuple(key)) for column in columns},
        primary_key=list(key),
        write_disposition={"disposition": "merge", "strategy": "delete-insert"},
    )
    return described(resource, description)
