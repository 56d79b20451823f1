"""Indexes of tables with days in PostgreSQL: a day is replaced and asked for without going through all of them.

Tables of people have none: their keys are texts of the API, and an index of PostgreSQL takes no more than 2,704 bytes.
"""

from collections.abc import Mapping
from typing import Final

from pipelines.destinations.meanwhile import made_by_somebody
from pipelines.sql.indexes import create_index, indexed
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.endpoints import Endpoint

INDEXED: Final = frozenset({"postgres"})
"""Dialects of destinations that read a table row by row unless an index says where: the others prune by columns."""


def index_days(warehouse: Warehouse, catalogue: Mapping[str, Endpoint]) -> None:
    """Make the indexes that are not there yet, of tables that are.

    The first sync of a table has none; to make one then would keep other profiles from the table that they write to.
    """
    if warehouse.dialect not in INDEXED:
        return
    keys = {
        table: endpoint.merge_key
        for endpoint in catalogue.values()
        if "date" in endpoint.merge_key
        for table in endpoint.tables
    }
    tables = sorted(warehouse.tables() & keys.keys())
    if not tables:
        return
    ((*found,),) = warehouse.ask(indexed(tables))
    for table, index in zip(tables, found, strict=True):
        if index is None:
            made_by_somebody(lambda table=table: warehouse.change(create_index(table, keys[table])))  # type: ignore[misc] # it is called at once
