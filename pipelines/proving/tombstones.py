"""Tombstones: rows of entities that the API does not list any more are deleted here too."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pendulum

from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.endpoints import Kind
from sources.rest.reading.answers import Answer
from sources.rest.reading.tombstones import add_tombstones

OFFSET_MAX: Final = timedelta(hours=14)
"""Farthest that a day anywhere on earth begins or ends from the same day in UTC.

The API does not say in which time zone it cuts days: rows nearer to the ends of a range may belong to the days beside
it, and say nothing.
"""


def with_tombstones(answer: Answer, warehouse: Warehouse) -> Answer:
    """Add to an answer a tombstone for each loaded row of its days that it does not list."""
    endpoint, window = answer.task.endpoint, answer.task.window
    if endpoint.kind is not Kind.ENTITY or window is None or not warehouse.has(endpoint.name):
        return answer
    start = pendulum.datetime(window.start.year, window.start.month, window.start.day) + OFFSET_MAX
    end = pendulum.datetime(window.end.year, window.end.month, window.end.day) + timedelta(days=1) - OFFSET_MAX
    if start >= end:
        return answer
    own = answer.tables[endpoint.name]
    listed = set(zip(*(own[name].to_pylist() for name in endpoint.key), strict=True))
    gone = [
        dict(zip(endpoint.key, key, strict=True)) for key in warehouse.keys_between(answer.task, start, end) - listed
    ]
    context = {**dict(answer.task.variant), **({endpoint.tenant.name: answer.tenant} if endpoint.tenant else {})}
    return replace(answer, tables={name: add_tombstones(table, context, gone) for name, table in answer.tables.items()})
