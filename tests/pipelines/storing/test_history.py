"""Rows about runs become tables with a type, a description and a key for every column."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from pipelines.storing.history import HISTORY, Restated, RunRow, WindowRow, history_columns, history_table

AT = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
RUN = RunRow(
    run_id="r1",
    profile_id=None,
    started_at=AT,
    ended_at=AT,
    outcome="done",
    exit_code=0,
    windows=2,
    rows=3,
    units=4,
    calls=5,
    retries=0,
    failed=0,
    skipped=1,
    version="0.1.0",
)
WINDOW = WindowRow(
    run_id="r1",
    resource="goals",
    variant="",
    window="",
    date_from=None,
    date_to=None,
    reason="snapshot",
    rows=None,
    truncated=False,
    error="ApiError",
    request_id=None,
    read_at=AT,
)
CHANGE = Restated(
    run_id="r1",
    resource="channels",
    variant="",
    date=date(2026, 3, 1),
    key="Paid",
    metric="revenue",
    old=None,
    new=2.5,
    seen_at=AT,
)
ROWS: Mapping[str, RunRow | WindowRow | Restated] = {"sync_runs": RUN, "sync_windows": WINDOW, "restatements": CHANGE}
TEXT, WHOLE, MOMENT = pa.string(), pa.int64(), pa.timestamp("us", tz="UTC")
TYPES = {
    "sync_runs": {
        **dict.fromkeys(["run_id", "profile_id"], TEXT),
        **dict.fromkeys(["started_at", "ended_at"], MOMENT),
        "outcome": TEXT,
        **dict.fromkeys(["exit_code", "windows", "rows", "units", "calls", "retries", "failed", "skipped"], WHOLE),
        "version": TEXT,
    },
    "sync_windows": {
        **dict.fromkeys(["run_id", "resource", "variant", "window"], TEXT),
        **dict.fromkeys(["date_from", "date_to"], pa.date32()),
        "reason": TEXT,
        "rows": WHOLE,
        "truncated": pa.bool_(),
        **dict.fromkeys(["error", "request_id"], TEXT),
        "read_at": MOMENT,
    },
    "restatements": {
        **dict.fromkeys(["run_id", "resource", "variant"], TEXT),
        "date": pa.date32(),
        **dict.fromkeys(["key", "metric"], TEXT),
        **dict.fromkeys(["old", "new"], pa.float64()),
        "seen_at": MOMENT,
    },
}
KEYS = {
    "sync_runs": ["run_id"],
    "sync_windows": ["run_id", "resource", "variant", "window"],
    "restatements": ["run_id", "resource", "variant", "date", "key", "metric"],
}
NAMES = pytest.mark.parametrize("name", HISTORY)


def rows_of(name: str, *rows: Any) -> list[dict[str, Any]]:
    (resource,) = history_table(name, rows)
    return [row for table in resource for row in table.to_pylist()]


def test_there_are_three_tables_about_runs() -> None:
    assert list(HISTORY) == ["sync_runs", "sync_windows", "restatements"]


@NAMES
def test_every_column_is_described_and_every_description_has_its_column(name: str) -> None:
    kind, key, _ = HISTORY[name]
    names = [one.name for one in fields(kind)]
    columns = history_columns(name)
    assert [one.name for one in columns] == names
    assert all(one.description.endswith(".") for one in columns)
    assert set(key) <= set(names)


@NAMES
def test_a_row_comes_out_as_it_went_in(name: str) -> None:
    row = ROWS[name]
    assert rows_of(name, row, replace(row, run_id="r2")) == [vars(row), vars(row) | {"run_id": "r2"}]


@NAMES
def test_columns_are_typed_and_only_the_key_is_never_null(name: str) -> None:
    (resource,) = history_table(name, [ROWS[name]])
    (table,) = list(resource)
    assert {column.name: column.type for column in table.schema} == TYPES[name]
    assert [column.name for column in table.schema if not column.nullable] == KEYS[name]


@NAMES
def test_a_row_that_is_loaded_twice_replaces_itself(name: str) -> None:
    (resource,) = history_table(name, [ROWS[name]])
    schema = resource.compute_table_schema()
    assert [column for column, hints in schema["columns"].items() if hints.get("primary_key")] == KEYS[name]
    assert (schema["write_disposition"], schema["x-merge-strategy"]) == ("merge", "delete-insert")  # type: ignore[typeddict-item]


@NAMES
def test_table_and_columns_carry_their_descriptions(name: str) -> None:
    (resource,) = history_table(name, [ROWS[name]])
    schema = resource.compute_table_schema()
    _, _, description = HISTORY[name]
    descriptions = {one.name: one.description for one in history_columns(name)}
    assert schema["description"] == description
    assert {column: hints["description"] for column, hints in schema["columns"].items()} == descriptions


@NAMES
def test_where_there_are_no_rows_there_is_no_table(name: str) -> None:
    assert history_table(name, []) == []
