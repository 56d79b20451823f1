"""What every run leaves in the destination: `sync_runs`, `sync_windows`, `restatements`; nothing personal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, Final, get_args, get_type_hints

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from sources.rest.catalogue.columns import Column, Type
from sources.rest.reading.arrays import ARROW
from sources.rest.vendor.resources import column_hint


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One run, as it ended."""

    run_id: Annotated[str, "Id of the run."]
    profile_id: Annotated[str | None, "Profile whose rows were loaded; null where no answer has told it."]
    started_at: Annotated[datetime, "When the run began."]
    ended_at: Annotated[datetime, "When it ended."]
    outcome: Annotated[
        str, "done, allowance, failed_windows, later, refused, configuration, interrupted or terminated."
    ]
    exit_code: Annotated[int, "Exit code of the process."]
    windows: Annotated[int, "Windows loaded."]
    rows: Annotated[int, "Rows loaded."]
    units: Annotated[int, "Units of the rate limit spent."]
    calls: Annotated[int, "Requests sent."]
    retries: Annotated[int, "Requests that repeated an earlier one."]
    failed: Annotated[int, "Windows that failed."]
    skipped: Annotated[int, "Windows that were planned and not asked for."]
    version: Annotated[str, "Version of this program."]


@dataclass(frozen=True, kw_only=True)
class WindowRow:
    """One window that a run has asked for."""

    run_id: Annotated[str, "Id of the run."]
    resource: Annotated[str, "Resource that was read."]
    variant: Annotated[str, "Values of its parameters, such as the attribution model."]
    window: Annotated[str, "Days asked for; empty for what has no dates."]
    date_from: Annotated[date | None, "First of them."]
    date_to: Annotated[date | None, "Last of them."]
    reason: Annotated[str, "Why: new, hint, check, restated, again, ladder, gap, history, snapshot, changed."]
    rows: Annotated[int | None, "Rows of the answer; null where it failed."]
    truncated: Annotated[bool, "Whether the API cut the list off."]
    error: Annotated[str | None, "What failed; null where nothing did."]
    request_id: Annotated[str | None, "Id to quote to the vendor."]
    read_at: Annotated[datetime, "When the answer was there."]

    def after(self, earlier: "WindowRow | None") -> "WindowRow":
        """What is said of several calls that only one row speaks of."""
        if earlier is None:
            return self
        rows = None if self.rows is None and earlier.rows is None else (self.rows or 0) + (earlier.rows or 0)
        return replace(self, rows=rows, error=self.error or earlier.error)


@dataclass(frozen=True, kw_only=True)
class Restated:
    """A change of a day that was loaded before; a value that was not there, or is no more, is null."""

    run_id: Annotated[str, "Id of the run that has seen it."]
    resource: Annotated[str, "Resource."]
    variant: Annotated[str, "Values of its parameters, such as the attribution model."]
    date: Annotated[date, "Day, or first day of the window, that changed."]
    key: Annotated[str, "Value of the dimension, such as a channel; empty where there is none."]
    metric: Annotated[str, "Metric that changed."]
    old: Annotated[float | None, "Value loaded before; null where there was none."]
    new: Annotated[float | None, "Value now; null where there is none any more."]
    seen_at: Annotated[datetime, "When the change was seen."]


HISTORY: Final[Mapping[str, tuple[type, tuple[str, ...], str]]] = {
    "sync_runs": (RunRow, ("run_id",), "One row per run."),
    "sync_windows": (
        WindowRow,
        (
            "run_id",
            "resource",
            "variant",
            "window",
        ),
        "One row per window that a run has asked for.",
    ),
    "restatements": (
        Restated,
        (
            "run_id",
            "resource",
            "variant",
            "date",
            "key",
            "metric",
        ),
        "One row per metric of a loaded day that the API has changed since.",
    ),
}
"""Table -> (row type, primary key, description)."""

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
    _, key, description = HISTORY[name]
    return own_table(name, history_columns(name), key, [asdict(row) for row in rows], description)


def history_columns(name: str) -> Sequence[Column]:
    """Columns of one history table."""
    kind, _, _ = HISTORY[name]
    columns = []
    for column, hint in get_type_hints(kind, include_extras=True).items():
        value, description = get_args(hint)
        python = (get_args(value) or (value,))[0]
        columns.append(Column(name=column, type=_TYPES[python], description=description))
    return columns


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
