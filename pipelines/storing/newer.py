"""A row of an entity says what is known of the newest range that lists it: an older range does not write over it."""

from dataclasses import replace
from typing import Any

import pyarrow as pa

from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.endpoints import Kind
from sources.rest.reading.answers import Answer


def without_newer(answer: Answer, warehouse: Warehouse) -> Answer:
    """Leave out of an answer the rows that are loaded already with figures up to a later day."""
    endpoint, window = answer.task.endpoint, answer.task.window
    if endpoint.kind is not Kind.ENTITY or window is None or not answer.rows:
        return answer
    if not {column.name for column in endpoint.figures_columns} <= warehouse.columns(endpoint.name).keys():
        return answer
    newer = warehouse.keys_newer(answer.task, window.end)
    if not newer:
        return answer
    return replace(
        answer,
        tables={
            name: table.filter(pa.array([key not in newer for key in _keys(table, endpoint.key)], pa.bool_()))
            for name, table in answer.tables.items()
        },
    )


def _keys(table: pa.Table, names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))
