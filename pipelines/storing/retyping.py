"""Columns that an earlier version has loaded as another type than the catalogue has now; nothing is read again.

Until every number of Atribu could be a fraction, counts were whole numbers in the destination.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import dlt
from dlt.destinations.exceptions import DatabaseException

from pipelines.sql.conditions import one_of
from pipelines.sql.reading import rows
from pipelines.sql.writing import delete, retype_column
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.columns import Column, Type
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ConfigurationError

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
    pipeline.schemas.save_schema(schema)
    with pipeline.destination_client() as client:
        client.update_stored_schema()


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
                _delete_words(warehouse, table, column.name)
            try:
                warehouse.change(retype_column(table, column.name, column.type))
            except DatabaseException as error:
                raise ConfigurationError(
                    f"column {column.name} of table {table} must take fractions from this version on, and the"
                    " destination does not change it; if a view is built on the table, drop the view, sync, and make it"
                    " again"
                ) from error


def _delete_words(warehouse: Warehouse, table: str, column: str) -> None:
    """Delete rows that hold no number where one belongs; only tables that each run replaces were loaded with text."""
    stored = {row[0] for row in warehouse.ask(rows(table, {column: Type.TEXT}, [], distinct=True))}
    words = [one for one in stored if one is not None and not _is_number(one)]
    if words:
        warehouse.change(delete(table, [one_of(column, words)]))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
