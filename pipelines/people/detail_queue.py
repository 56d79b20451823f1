"""Whose details are read next: everybody whose figures have changed since, best first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import pendulum
from dlt.extract import DltResource

from pipelines.planning.policy import Reason
from pipelines.sql.conditions import one_of
from pipelines.sql.reading import rows
from pipelines.sql.writing import delete
from pipelines.storing.history import own_table
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.columns import Column, Type
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.catalogue.relations import Parents
from sources.rest.reading.answers import Answer
from sources.rest.reading.tasks import Task


@dataclass(frozen=True)
class DetailQueue:
    """Whose details are due, best first.

    Attributes:
        tasks: one per person.
        figures: everybody's figures now, by id.
        everybody: how many people have details.
        strangers: people whose details are loaded, and who are nobody's any more.
    """

    tasks: list[Task]
    figures: Mapping[str, str]
    everybody: int
    strangers: frozenset[str] = frozenset()


def queue_of(endpoint: Endpoint, catalogue: Mapping[str, Endpoint], warehouse: Warehouse) -> DetailQueue:
    """Ask the warehouse whose details are due."""
    tables = warehouse.tables()
    parents = _parents(endpoint)
    latest = {
        name: warehouse.latest(catalogue[name], parents.column, columns)
        for name, columns in parents.signature.items()
        if name in tables
    }
    people = latest.get(parents.endpoint, {})
    figures = {one: _text({name: found[one] for name, found in latest.items() if one in found}) for one in people}
    loaded = rows(read_table(endpoint), {parents.column: Type.TEXT, "figures": Type.TEXT})
    read = dict(warehouse.ask(loaded)) if read_table(endpoint) in tables else {}
    places = [parents.signature[parents.endpoint].index(name) for name in parents.rank_by]

    def rank(one: str) -> tuple[Any, ...]:
        return tuple(_size(people[one][place]) for place in places)

    due = sorted((one for one in people if read.get(one) != figures[one]), key=rank, reverse=True)
    return DetailQueue(
        [Task(endpoint, parent=one, reason=Reason.CHANGED) for one in due],
        figures,
        len(people),
        frozenset(read.keys() - people),
    )


def delete_strangers(endpoint: Endpoint, queue: DetailQueue, warehouse: Warehouse) -> None:
    """Delete the details of people who are not listed any more, because nobody reads them again."""
    if queue.strangers:
        for table in (endpoint.name, read_table(endpoint)):
            warehouse.change(delete(table, [one_of(_parents(endpoint).column, sorted(queue.strangers))]))


def read_table(endpoint: Endpoint) -> str:
    """Name of the table that says whose details are loaded."""
    return f"{endpoint.name}__read"


def read_rows(endpoint: Endpoint, answers: Iterable[Answer], figures: Mapping[str, str]) -> list[DltResource]:
    """Make the table of the people whose details these answers are."""
    columns = read_columns(endpoint)
    key = [column.name for column in columns[:2]]
    rows = [
        {
            key[0]: answer.tenant,
            key[1]: answer.task.parent,
            "figures": figures[answer.task.parent],
            "row_count": answer.rows,
            "read_at": pendulum.now("UTC"),
        }
        for answer in answers
    ]
    return own_table(read_table(endpoint), columns, key, rows, f"Whose {endpoint.name} are loaded.")


def read_columns(endpoint: Endpoint) -> tuple[Column, ...]:
    """Columns of the table that says whose details are loaded."""
    return (
        *endpoint.request_columns,
        Column(
            name="figures", type=Type.TEXT, description="Their figures then; when these change, they are read again."
        ),
        Column(name="row_count", type=Type.BIGINT, description="Rows of the answer."),
        Column(name="read_at", type=Type.TIMESTAMP, description="When it was read."),
    )


def _parents(endpoint: Endpoint) -> Parents:
    if endpoint.parents is None:
        raise ValueError(f"{endpoint.name} has no parents")
    return endpoint.parents


def _text(figures: Mapping[str, tuple[Any, ...]]) -> str:
    """Figures as text; numbers are rounded, because a sum may come out differently in its last digits."""
    return orjson.dumps({name: list(map(_written, values)) for name, values in figures.items()}).decode()


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, str) else round(float(value), 6)


def _size(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    return float(value or 0)
