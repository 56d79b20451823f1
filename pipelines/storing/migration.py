"""What an earlier version of this program has loaded, brought to the layout of today; nothing is read again.

Layout 2: columns of the tables of every run have no names that a warehouse reserves, and these tables name the profile;
`_deleted` is false where nothing is deleted, so that `WHERE NOT _deleted` finds rows; these tables have `_loaded_at`.
Layout 3: who is forgotten stands in a table of its own, and not in the ledger, which another machine may have read
before.
"""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Final, cast

import dlt
from dlt.common.destination.client import WithStagingDataset
from dlt.common.schema import Schema
from dlt.destinations.job_client_impl import SqlJobClientBase

from pipelines.planning.ledger import READABLE, Ledger
from pipelines.sql.conditions import is_null
from pipelines.sql.earlier import Renamed
from pipelines.sql.writing import rename_column, update
from pipelines.storing.forgotten_people import keep_out
from pipelines.storing.history import HISTORY
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.columns import DELETED, OWN_COLUMNS
from sources.rest.vendor.resources import column_hint

READ_TABLE_COLUMNS: Final = {"rows": "row_count"}
"""Columns that tables of read details had in layout 1, and what they are called now."""


def migrate(pipeline: dlt.Pipeline, warehouse: Warehouse, ledger: Ledger) -> None:
    """Bring what an earlier layout has loaded to that of today; the ledger says so with the next commit.

    To be cut off and begun again does no harm: each step looks at what is there.
    """
    if ledger.layout < READABLE and pipeline.schema_names:
        _name_columns(pipeline, warehouse, ledger)
    if ledger.carried:
        keep_out(warehouse, ledger.carried)
        ledger.kept_out = len(ledger.carried.marks)


def read_as_today(pipeline: dlt.Pipeline, warehouse: Warehouse) -> None:
    """Let what an earlier layout has loaded be asked for as if it were of today's; nothing is written."""
    if not pipeline.schema_names:
        return
    schema = pipeline.default_schema
    renamed = dict(_renamed(set(schema.tables)))
    with pipeline.destination_client() as client:
        stored = dict(cast("SqlJobClientBase", client).get_storage_tables(renamed))
    _name_in(schema, renamed)
    found: dict[str, Renamed] = {}
    for table, there in stored.items():
        if there:  # a migration that was cut off may have named some
            earlier = {new: old for old, new in renamed[table].items()}
            names = {today: (today, earlier.get(today)) for today in schema.tables[table]["columns"]}
            found[table] = {today: next((one for one in both if one in there), None) for today, both in names.items()}
    warehouse.name_as_today(found)


def _name_columns(pipeline: dlt.Pipeline, warehouse: Warehouse, ledger: Ledger) -> None:
    schema = pipeline.default_schema
    renamed = dict(_renamed(set(schema.tables)))
    for staging in (False, True):
        _rename(pipeline, warehouse, renamed, staging=staging)
    _name_in(schema, renamed)
    history = [name for name in HISTORY if name in schema.tables]
    marked = [name for name, content in schema.tables.items() if DELETED in content["columns"]]
    for name in marked:
        for own in OWN_COLUMNS:
            schema.tables[name]["columns"].setdefault(own.name, column_hint(own, ()))
    warehouse.keep_schema(schema)
    with warehouse.transaction():
        for name in history:
            warehouse.change(update(name, {"profile_id": ledger.tenant}, [is_null("profile_id")]))
        for name in marked:
            warehouse.change(update(name, {DELETED: False}, [is_null(DELETED)]))


def _name_in(schema: Schema, renamed: Mapping[str, Mapping[str, str]]) -> None:
    """Say of each of these tables in a schema what its columns are called today."""
    for table, names in renamed.items():
        columns = schema.tables[table]["columns"]
        schema.tables[table]["columns"] = {
            names.get(name, name): {**column, "name": names.get(name, name)} for name, column in columns.items()
        }
        if table in HISTORY:
            for name, hint in HISTORY[table].column_hints().items():
                schema.tables[table]["columns"].setdefault(name, hint)


def _renamed(tables: set[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    for name in tables:
        if name in HISTORY:
            yield name, HISTORY[name].renamed
        elif name.endswith("__read"):
            yield name, READ_TABLE_COLUMNS


def _rename(
    pipeline: dlt.Pipeline, warehouse: Warehouse, renamed: Mapping[str, Mapping[str, str]], *, staging: bool
) -> None:
    with pipeline.destination_client() as client:
        if staging and not isinstance(client, WithStagingDataset):
            return
        with client.with_staging_dataset() if isinstance(client, WithStagingDataset) and staging else nullcontext():
            stored = dict(cast("SqlJobClientBase", client).get_storage_tables(renamed))
    with warehouse.transaction(staging=staging):
        for table, columns in stored.items():
            for old, new in renamed[table].items():
                if old in columns:
                    warehouse.change(rename_column(table, old, new))
