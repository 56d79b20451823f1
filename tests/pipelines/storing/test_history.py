"""Rows about runs become tables with a type, a description and a key for every column."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from sqlglot.dialects.dialect import Dialect

from pipelines.storing.history import HISTORY, RestatementRow, RunRow, WindowRow, history_resource

AT = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
RUN = RunRow(
    run_id="r1",
    profile_id=None,
    started_at=AT,
    ended_at=AT,
    outcome="done",
    exit_code=0,
    windows=2,
    row_count=3,
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
    date_range="",
    date_from=None,
    date_to=None,
    reason="snapshot",
    row_count=None,
    truncated=False,
    error="ApiError",
    request_id=None,
    read_at=AT,
)
CHANGE = RestatementRow(
    run_id="r1",
    resource="channels",
    variant="",
    date=date(2026, 3, 1),
    dimension_value="Paid",
    metric="revenue",
    old_value=None,
    new_value=2.5,
    seen_at=AT,
)
ROWS: Mapping[str, RunRow | WindowRow | RestatementRow] = {
    "sync_runs": RUN,
    "sync_windows": WINDOW,
    "restatements": CHANGE,
}
TEXT, WHOLE, MOMENT = pa.string(), pa.int64(), pa.timestamp("us", tz="UTC")
TYPES = {
    "sync_runs": {
        **dict.fromkeys(["run_id", "profile_id"], TEXT),
        **dict.fromkeys(["started_at", "ended_at"], MOMENT),
        "outcome": TEXT,
        **dict.fromkeys(["exit_code", "windows", "row_count", "units", "calls", "retries", "failed", "skipped"], WHOLE),
        **dict.fromkeys(["version", "command"], TEXT),
    },
    "sync_windows": {
        **dict.fromkeys(["run_id", "profile_id", "resource", "variant", "date_range"], TEXT),
        **dict.fromkeys(["date_from", "date_to"], pa.date32()),
        "reason": TEXT,
        "row_count": WHOLE,
        "truncated": pa.bool_(),
        **dict.fromkeys(["error", "request_id"], TEXT),
        "read_at": MOMENT,
    },
    "restatements": {
        **dict.fromkeys(["run_id", "profile_id", "resource", "variant"], TEXT),
        "date": pa.date32(),
        **dict.fromkeys(["dimension_value", "metric"], TEXT),
        **dict.fromkeys(["old_value", "new_value"], pa.float64()),
        "seen_at": MOMENT,
    },
}
KEYS = {
    "sync_runs": ["run_id"],
    "sync_windows": ["run_id", "resource", "variant", "date_range"],
    "restatements": ["run_id", "resource", "variant", "date", "dimension_value", "metric"],
}
NAMES = pytest.mark.parametrize("name", HISTORY)


def rows_of(name: str, *rows: Any) -> list[dict[str, Any]]:
    (resource,) = history_resource(name, rows)
    return [row for table in resource for row in table.to_pylist()]


def test_there_are_three_tables_about_runs() -> None:
    assert list(HISTORY) == ["sync_runs", "sync_windows", "restatements"]


@NAMES
def test_every_column_is_described_and_every_description_has_its_column(name: str) -> None:
    table = HISTORY[name]
    names = [one.name for one in fields(table.row)]
    assert [one.name for one in table.columns] == names
    assert all(one.description.endswith(".") for one in table.columns)
    assert set(table.key) <= set(names)


@pytest.mark.parametrize("warehouse", ["bigquery", "redshift", "mysql", "trino"])
@NAMES
def test_no_column_has_a_name_that_a_warehouse_reserves(name: str, warehouse: str) -> None:
    reserved = {word.lower() for word in Dialect.get_or_raise(warehouse).generator_class.RESERVED_KEYWORDS}
    assert reserved
    assert not {one.name for one in HISTORY[name].columns} & reserved


@NAMES
def test_no_column_has_a_name_that_duckdb_reserves(name: str) -> None:
    asked = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
    reserved = {word for (word,) in duckdb.execute(asked).fetchall()}
    assert {"select", "window"} <= reserved
    assert not {one.name for one in HISTORY[name].columns} & reserved


@NAMES
def test_a_row_comes_out_as_it_went_in(name: str) -> None:
    row = ROWS[name]
    assert rows_of(name, row, replace(row, run_id="r2")) == [vars(row), vars(row) | {"run_id": "r2"}]


@NAMES
def test_columns_are_typed_and_only_the_key_is_never_null(name: str) -> None:
    (resource,) = history_resource(name, [ROWS[name]])
    (table,) = list(resource)
    assert {column.name: column.type for column in table.schema} == TYPES[name]
    assert [column.name for column in table.schema if not column.nullable] == KEYS[name]


@NAMES
def test_a_row_that_is_loaded_twice_replaces_itself(name: str) -> None:
    (resource,) = history_resource(name, [ROWS[name]])
    schema = resource.compute_table_schema()
    assert [column for column, hints in schema["columns"].items() if hints.get("primary_key")] == KEYS[name]
    assert (schema["write_disposition"], schema["x-merge-strategy"]) == ("merge", "delete-insert")  # type: ignore[typeddict-item]


@NAMES
def test_table_and_columns_carry_their_descriptions(name: str) -> None:
    (resource,) = history_resource(name, [ROWS[name]])
    schema = resource.compute_table_schema()
    descriptions = {one.name: one.description for one in HISTORY[name].columns}
    assert schema["description"] == HISTORY[name].description
    assert {column: hints["description"] for column, hints in schema["columns"].items()} == descriptions


@NAMES
def test_where_there_are_no_rows_there_is_no_table(name: str) -> None:
    assert history_resource(name, []) == []
