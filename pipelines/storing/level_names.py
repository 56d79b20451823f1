"""Rows of a level that an earlier version has loaded as the server names them, brought under names that are true."""

from pipelines.sql.conditions import equal, is_null
from pipelines.sql.statement import column
from pipelines.sql.writing import update
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.levels import ID_AND_NAME


def rename_rows(warehouse: Warehouse, endpoint: Endpoint, level: str, reading: str) -> None:
    """Move ids, and names, of loaded rows from the fields of the top to those of their level; nothing is read again.

    Args:
        warehouse: what is loaded.
        endpoint: has levels.
        level: of the rows.
        reading: which fields of the top hold those of the level, as `LevelNames` has found out.
    """
    levels = endpoint.levels
    if levels is None or not warehouse.has(endpoint.name):
        return
    (own_id, *_), (own_name, *_) = levels.own[level]
    top_id, top_name = levels.named_by
    (missing,) = (one.missing for one in endpoint.columns if one.name == top_id)
    moved = {own_id: column(top_id), top_id: missing}
    if reading == ID_AND_NAME:
        moved |= {own_name: column(top_name), top_name: None}
    with warehouse.transaction():
        warehouse.change(update(endpoint.name, moved, [equal(levels.param, level), is_null(own_id)]))
