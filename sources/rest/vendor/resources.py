"""Catalogue rows as dlt resources: what dlt is told of their tables, and answers that have been read as tables."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.schema import Schema
from dlt.common.schema.typing import TColumnSchema
from dlt.extract import DltResource

from sources.rest.catalogue.columns import DELETED, Column, Type
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.reading.answers import Answer
from sources.rest.reading.evolved_columns import EvolvedColumns, combined


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


def row_hints(endpoint: Endpoint, table: str) -> dict[str, Any]:
    """Hints of a table that is loaded as rows, to which dlt adds columns of its own.

    They may be null: no destination adds another kind to a table that was loaded as Arrow and holds rows.
    """
    hints = table_hints(endpoint, table)
    own = {name: {"name": name, "data_type": "text", "nullable": True} for name in ("_dlt_load_id", "_dlt_id")}
    return {**hints, "columns": {**hints["columns"], **own}}


def loaded_tables(endpoint: Endpoint, answers: Iterable[Answer]) -> list[DltResource]:
    """Make a resource per table out of answers that have been read."""
    answers = deduplicated(endpoint, list(answers))
    return [
        _resource(endpoint, table, _once([answer.tables[table] for answer in answers])) for table in endpoint.tables
    ]


def empty_tables(endpoint: Endpoint) -> list[DltResource]:
    """Make a resource per table, without rows."""
    return [_resource(endpoint, table, []) for table in endpoint.tables]


def _once(tables: list[pa.Table]) -> Iterator[pa.Table]:
    """Give tables as one; dlt keeps what it was given for long, but nothing of what comes out of an iterator."""
    yield combined(tables)


def _resource(endpoint: Endpoint, table: str, data: list[pa.Table] | Iterator[pa.Table]) -> DltResource:
    return described(dlt.resource(data, name=table, **table_hints(endpoint, table)), endpoint.describe(table))


def deduplicated(endpoint: Endpoint, answers: Sequence[Answer]) -> list[Answer]:
    """Keep each row of an entity only in the answer for the newest range that lists it; of parts, in the last one."""
    if endpoint.kind is not Kind.ENTITY or len(answers) == 1:
        return list(answers)
    listed: set[tuple[Any, ...]] = set()
    newest = sorted(enumerate(answers), key=_newest, reverse=True)
    return [unlisted(endpoint, answer, listed) for _, answer in newest][::-1]


def unlisted(endpoint: Endpoint, answer: Answer, listed: set[tuple[Any, ...]]) -> Answer:
    """Keep the rows of an entity that are not listed yet, and list them."""
    keys = {name: _keys(table, endpoint.merge_key) for name, table in answer.tables.items()}
    tables = {
        name: table.filter(pa.array([key not in listed for key in keys[name]], pa.bool_()))
        for name, table in answer.tables.items()
    }
    gone = answer.tables[endpoint.name][DELETED].to_pylist()
    listed |= {key for key, deleted in zip(keys[endpoint.name], gone, strict=True) if not deleted}
    return replace(answer, tables=tables)


def _newest(placed: tuple[int, Answer]) -> tuple[str, int]:
    place, answer = placed
    return str(answer.task.window and answer.task.window.end), place


def _keys(table: pa.Table, names: Sequence[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


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


def described(resource: DltResource, description: str) -> DltResource:
    """Tell dlt what a row of a resource's table is."""
    resource.apply_hints(additional_table_hints={"description": description})
    return resource
