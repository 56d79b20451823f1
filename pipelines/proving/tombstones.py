"""Tombstones: rows of entities that the API does not list any more are deleted here too."""

from dataclasses import replace
from datetime import datetime, timedelta

import pendulum

from pipelines.storing.warehouse import Warehouse
from sources.rest.reading.answers import Answer
from sources.rest.reading.paging import OFFSET_MAX, Paginator
from sources.rest.reading.tombstones import add_tombstones
from sources.rest.windows import Window


def with_tombstones(answer: Answer, warehouse: Warehouse) -> Answer:
    """Add to an answer a tombstone for each loaded row of its days that it does not list.

    A part of a list speaks of the time from the row before it to its own last row, as long as the list runs backwards
    in time; a list in another order speaks only as a whole.
    """
    endpoint, window, paginator = answer.task.endpoint, answer.task.window, answer.paginator
    if not answer.task.paged or window is None or paginator is None or not warehouse.has(endpoint.name):
        return answer
    start, end = _read_between(window, paginator)
    if start >= end:
        return answer
    loaded = warehouse.keys_between(answer.task, start, end)
    gone = [dict(zip(endpoint.key, key, strict=True)) for key in loaded if not paginator.lists(key)]
    context = {**dict(answer.task.variant), **({endpoint.tenant.name: answer.tenant} if endpoint.tenant else {})}
    return replace(answer, tables={name: add_tombstones(table, context, gone) for name, table in answer.tables.items()})


def _read_between(window: Window, paginator: Paginator) -> tuple[datetime, datetime]:
    """Moments between which an answer has listed everybody; the second is left out."""
    start: datetime = pendulum.datetime(window.start.year, window.start.month, window.start.day) + OFFSET_MAX
    end: datetime = (
        pendulum.datetime(window.end.year, window.end.month, window.end.day) + timedelta(days=1) - OFFSET_MAX
    )
    if not paginator.in_order:
        return (start, end) if paginator.whole else (end, end)
    if paginator.resumed and not paginator.top:
        return end, end
    if paginator.top:
        end = min(end, paginator.top)
    if not paginator.ended and paginator.oldest:
        start = max(start, paginator.oldest + timedelta(microseconds=1))
    return start, end
