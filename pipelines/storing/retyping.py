"""Columns that an earlier version has loaded as another type than the catalogue has, or not; nothing is read again.

Until every number of Atribu could be a fraction, counts were whole numbers in the destination. Until ads were loaded
for several rolling windows, items of their lists did not say which window they stand for.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

import dlt
from dlt.common.schema.typing import TColumnSchema
from dlt.destinations.exceptions import DatabaseException

from pipelines.sql.conditions import is_null, one_of
from pipelines.sql.reading import rows
from pipelines.sql.writing import add_column, delete, retype_column, update
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.columns import Column, Type
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ConfigurationError
from sources.rest.vendor.resources import column_hint

WIDENED: Final = {Type.BIGINT: Type.DOUBLE, Type.TEXT: Type.DOUBLE}
"""Type that a column may have been loaded as -> type that it may have become."""

UNTYPED: Final = frozenset({"sqlite"})
"""Dialects whose columns take values of any type, so that there is nothing to change and no way to."""


def retype(pipeline: dlt.Pipeline, warehouse: Warehouse, catalogue: Mapping[str, Endpoint]) -> None:
    """Give columns the type that the catalogue has.

    To be cut off and begun again does no harm: the schema says so last.

    Raises:
        ConfigurationError: the destination does not change a column, mostly because a view is built on it.
    """
    if not pipeline.schema_names:
        return
    _add_keys(pipeline, warehouse, catalogue)
    found = list(_differing(pipeline, catalogue))
    if not found:
        return
    for staging in (False, True):
        tables = warehouse.staging_tables({table for table, _, _ in found}) if staging else warehouse.tables()
        there = [one for one in found if one[0] in tables]
        if there:
            _change(warehouse, there, staging=staging)
    schema = pipeline.default_schema
    for table, column, _ in found:
        schema.tables[table]["columns"][column.name]["data_type"] = "double"
    warehouse.keep_schema(schema)


def _add_keys(pipeline: dlt.Pipeline, warehouse: Warehouse, catalogue: Mapping[str, Endpoint]) -> None:
    """Give tables of lists the columns of their key that only the table of their rows has, and the values from there.

    No destination adds to a table with rows what may not be null, so that these columns may be.
    """
    stored = pipeline.default_schema.tables
    lacking = [
        (endpoint, table, column)
        for endpoint in catalogue.values()
        for table in endpoint.child_tables
        for column in endpoint.request_columns
        if table in stored
        and column.name in stored[endpoint.name]["columns"]
        and column.name not in stored[table]["columns"]
    ]
    for endpoint, table, column in lacking:
        _add_key(warehouse, endpoint, table, column)
    if lacking:
        schema = pipeline.default_schema
        for _, table, column in lacking:
            hint = {**column_hint(column, ()), "nullable": True}
            schema.tables[table]["columns"][column.name] = cast("TColumnSchema", hint)
        warehouse.keep_schema(schema)


def _add_key(warehouse: Warehouse, endpoint: Endpoint, table: str, column: Column) -> None:
    values = [one for (one,) in warehouse.ask(rows(endpoint.name, {column.name: column.type}, distinct=True))]
    for staging in (False, True):
        there = warehouse.stored_columns(table, staging=staging)
        if not there:
            continue
        with warehouse.transaction(staging=staging):
            if column.name not in there:
                warehouse.change(add_column(table, column.name, column.type))
            if len(values) == 1:
                warehouse.change(update(table, {column.name: values[0]}, [is_null(column.name)]))
            else:  # whatever they stand for, the next run reads them again
                warehouse.change(delete(table, [is_null(column.name)]))


def _differing(pipeline: dlt.Pipeline, catalogue: Mapping[str, Endpoint]) -> Iterator[tuple[str, Column, Type]]:
    stored = pipeline.default_schema.tables
    for endpoint in catalogue.values():
        for table, columns in endpoint.tables.items():
            known = stored[table]["columns"] if table in stored else {}
            for column in columns:
                kind = known.get(column.name, {}).get("data_type")
                if kind in WIDENED and column.type is WIDENED[Type(kind)]:
                    yield table, column, Type(kind)


def _change(warehouse: Warehouse, columns: Sequence[tuple[str, Column, Type]], *, staging: bool) -> None:
    if warehouse.dialect in UNTYPED:
        return
    with warehouse.transaction(staging=staging):
        for table, column, kind in columns:
            if kind is Type.TEXT:
                _blank_words(warehouse, table, column.name)
            try:
                warehouse.change(retype_column(table, column.name, column.type))
            except DatabaseException as error:
                raise ConfigurationError(
                    f"column {column.name} of table {table} must take fractions from this version on, and the"
                    " destination does not change it; if a view is built on the table, drop the view, sync, and make it"
                    " again"
                ) from error


def _blank_words(warehouse: Warehouse, table: str, column: str) -> None:
    """Leave nothing where a word stands and a number belongs; only tables that each run replaces have held text there.

    DuckDB converts deleted rows too, so that to delete these would not do.
    """
    stored = {one for (one,) in warehouse.ask(rows(table, {column: Type.TEXT}, distinct=True))}
    words = [one for one in stored if one is not None and not _is_number(one)]
    if words:
        warehouse.change(update(table, {column: None}, [one_of(column, words)]))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
