"""Catalogue rows as dlt resources: table hints, and native increments for use without the sync engine."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import dlt
import pendulum
import pyarrow as pa
from dlt.common import logger
from dlt.common.schema import Schema
from dlt.common.schema.typing import TColumnSchema
from dlt.extract import DltResource
from pendulum import Date

from sources.rest.calling.budget import BudgetClosedError
from sources.rest.catalogue.columns import DELETED, Column, Type
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.reading.answers import Answer, Failure, Result, Skipped
from sources.rest.reading.evolved_columns import EvolvedColumns, combined
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import Task, VariantValues, tasks_of
from sources.rest.windows import Grain, Window, align

SECONDS_A_DAY: Final = 86_400


def table_hints(endpoint: Endpoint, table: str) -> dict[str, Any]:
    """Hints of one of an endpoint's tables, for `dlt.resource` and `dlt.mark.make_hints`.

    Rows of a window replace those that were loaded for it before, in one transaction. Where no column names a window,
    they replace all.
    """
    merge = {"disposition": "merge", "strategy": "delete-insert"}
    return {
        "columns": {column.name: column_hint(column, endpoint.merge_key) for column in endpoint.tables[table]},
        "write_disposition": merge if endpoint.merge_key else "replace",
        "merge_key": list(endpoint.merge_key),
    }


def loaded_tables(endpoint: Endpoint, answers: Iterable[Answer]) -> list[DltResource]:
    """Make a resource per table out of answers that have been read."""
    answers = deduplicated(endpoint, list(answers))
    return [
        _described(
            dlt.resource(
                [combined([answer.tables[table] for answer in answers])], name=table, **table_hints(endpoint, table)
            ),
            endpoint.describe(table),
        )
        for table in endpoint.tables
    ]


def deduplicated(endpoint: Endpoint, answers: Sequence[Answer]) -> list[Answer]:
    """Keep each row of an entity only in the answer for the newest range that lists it; of parts, in the last one."""
    if endpoint.kind is not Kind.ENTITY or len(answers) == 1:
        return list(answers)
    listed: set[tuple[Any, ...]] = set()
    found = []
    for _, answer in sorted(enumerate(answers), key=_newest, reverse=True):
        keys = {name: _keys(table, endpoint.merge_key) for name, table in answer.tables.items()}
        tables = {
            name: table.filter(pa.array([key not in listed for key in keys[name]], pa.bool_()))
            for name, table in answer.tables.items()
        }
        found.append(replace(answer, tables=tables))
        gone = answer.tables[endpoint.name][DELETED].to_pylist()
        listed |= {key for key, deleted in zip(keys[endpoint.name], gone, strict=True) if not deleted}
    return found[::-1]


def _newest(placed: tuple[int, Answer]) -> tuple[str, int]:
    place, answer = placed
    return str(answer.task.window and answer.task.window.end), place


def _keys(table: pa.Table, names: Sequence[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


def reading_resource(
    endpoint: Endpoint,
    reader: Reader,
    *,
    values: Callable[[], VariantValues],
    grain: Grain,
    first_day: Date,
    today: Date,
    lag_days: int,
    in_flight: int,
) -> DltResource:
    """Make a resource that reads when it is extracted, as dlt users know it.

    Dated endpoints carry a native `dlt.sources.incremental`: its range decides which windows are asked for, `end_value`
    bounds it without touching the stored cursor, and an external scheduler may set both. It goes back `lag_days` days,
    because attribution restates the past.

    Raises:
        ApiError: while reading; nothing of the run is loaded then, as dlt has it.
    """

    def read(tasks: Iterable[Task]) -> Iterator[Any]:
        reader.evolved = evolved_columns(dlt.current.source_schema())
        for answer in map(_answer, reader.read_all(tasks, in_flight=in_flight)):
            for table, field in sorted(answer.unknown):
                logger.warning(f"{table}: the API sends the unknown field {field}; it becomes a column")
            if answer.truncated:
                logger.warning(f"{answer.task}: the list is capped, rows may be missing")
            for table, rows in answer.tables.items():
                yield rows if table == endpoint.name else _for_table(endpoint, table, rows)

    cursor = _native_cursor(endpoint, align(Window(first_day, today), grain, today).start, lag_days)

    def dated(date: Any = cursor) -> Iterator[Any]:
        # dlt hands out dates, datetimes or text, depending on the lag and the scheduler
        first = Date.fromisoformat(str(date.start_value)[:10])
        last = Date.fromisoformat(str(date.end_value)[:10]).subtract(days=1) if date.end_value else today
        if first <= last:
            yield from read(tasks_of(endpoint, Window(first, last), values(), grain, today))

    def undated() -> Iterator[Any]:
        yield from read(tasks_of(endpoint, Window(today, today), values(), grain, today))

    function = dated if endpoint.dated else undated
    resource = dlt.resource(function, name=endpoint.name, **table_hints(endpoint, endpoint.name))
    return _described(resource, endpoint.description)


def _native_cursor(endpoint: Endpoint, start: Date, lag_days: int) -> Any:
    """Return the increment on the day of a row, or on the time of an entity's row; dlt counts its lag in seconds."""
    if not endpoint.time_column:
        return dlt.sources.incremental("date", initial_value=start, lag=lag_days, primary_key=())
    midnight = pendulum.datetime(start.year, start.month, start.day)
    return dlt.sources.incremental(
        endpoint.time_column,
        initial_value=midnight,
        lag=lag_days * SECONDS_A_DAY,
        primary_key=(),
        on_cursor_value_missing="include",  # rows of child tables have no time of their own
    )


def evolved_columns(schema: Schema) -> EvolvedColumns:
    """Read from a dlt schema which columns earlier loads have made."""
    return {
        table: {
            name: Type(str(column.get("data_type")))
            for name, column in content["columns"].items()
            if column.get("data_type") in set(Type)
        }
        for table, content in schema.tables.items()
    }


def column_hint(column: Column, merge_key: tuple[str, ...]) -> TColumnSchema:
    """Return the hints of a column for dlt."""
    hint: dict[str, Any] = {
        "name": column.name,
        "data_type": "text" if column.type is Type.ANY else column.type.value,
        "description": column.description,
        "nullable": column.name not in merge_key,
        "hard_delete": column.name == DELETED,
        "x-annotation-pii": column.pii is not None,
    }
    return {name: value for name, value in hint.items() if value is not False or name == "nullable"}  # type: ignore[return-value] # built by name


def _answer(result: Result) -> Answer:
    if isinstance(result, Failure):
        raise result.error
    if isinstance(result, Skipped):
        raise BudgetClosedError
    return result


def _for_table(endpoint: Endpoint, table: str, rows: pa.Table) -> Any:
    hints = dlt.mark.make_hints(
        table_name=table,
        additional_table_hints={"description": endpoint.describe(table)},
        **table_hints(endpoint, table),
    )
    # dlt looks for the cursor in every Arrow table, and not in plain rows
    items = rows.to_pylist() if endpoint.time_column else rows
    return dlt.mark.with_hints(items, hints, create_table_variant=True)


def _described(resource: DltResource, description: str) -> DltResource:
    resource.apply_hints(additional_table_hints={"description": description})
    return resource
