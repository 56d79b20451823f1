"""Whose details are read next: everybody whose figures have changed since, best first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import pendulum
from dlt.extract import DltResource
from pendulum import Date

from pipelines.planning.policy import Reason
from pipelines.sql.conditions import one_of
from pipelines.sql.reading import largest, rows, sums, types_of
from pipelines.sql.writing import delete
from pipelines.storing.history import own_table
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.columns import Column, Type
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.catalogue.relations import Parents
from sources.rest.reading.answers import Answer
from sources.rest.reading.tasks import Task

Row = Mapping[str, Any]

GAP_MAX: Final = 32
"""Most days until somebody is asked for again whose details could not be read."""


@dataclass(frozen=True)
class DetailQueue:
    """Whose details are due, best first.

    Attributes:
        tasks: one per person who is asked for now.
        waiting: people whose details could not be read -> day from which on they are asked for again.
        read: their rows of the table that says whose details are loaded, by id.
        figures: everybody's figures now, by id.
        everybody: how many people have details.
        strangers: people whose details are loaded, and who are nobody's any more.
        rewritten: people whose figures are the same, and were written by an earlier version in another way.
    """

    tasks: list[Task]
    waiting: Mapping[str, Date]
    read: Mapping[str, Row]
    figures: Mapping[str, str]
    everybody: int
    strangers: frozenset[str] = frozenset()
    rewritten: Sequence[str] = ()

    @property
    def failed_before(self) -> frozenset[str]:
        """People whose details could not be read when they were asked for last."""
        return frozenset(one for one in self.read if _failures(self, one))

    @property
    def current(self) -> int:
        """How many people have their details loaded as they are now."""
        return self.everybody - len(self.tasks) - len(self.waiting)

    @property
    def length(self) -> float:
        """Rows of the details of one person, on average of those that are loaded; 0 where none are."""
        return sum(map(self.rows, self.read)) / len(self.read) if self.read else 0.0

    def rows(self, one: str) -> int:
        """Rows of somebody's details as they are loaded; 0 where they are not."""
        return int(self.read.get(one, {}).get("row_count") or 0)


def queue_of(endpoint: Endpoint, catalogue: Mapping[str, Endpoint], warehouse: Warehouse, today: Date) -> DetailQueue:
    """Ask the warehouse whose details are due on a day."""
    tables = warehouse.tables()
    parents = _parents(endpoint)
    names = [name for name in parents.signature if name in tables]
    latest = {name: warehouse.latest(catalogue[name], parents.column, _columns(parents, name)) for name in names}
    people = latest.get(parents.endpoint, {})
    signatures = {name: _signatures(parents, catalogue[name], latest[name], warehouse) for name in names}
    figures = {one: _text({name: found[one] for name, found in signatures.items() if one in found}) for one in people}
    rows_read = _read(endpoint, warehouse)
    read = {one: row["figures"] for one, row in rows_read.items()}
    places = [_columns(parents, parents.endpoint).index(name) for name in parents.rank_by]

    def rank(one: str) -> tuple[Any, ...]:
        return tuple(_size(people[one][place]) for place in places)

    due = sorted((one for one in people if not _is_same(read.get(one), figures[one], parents)), key=rank, reverse=True)
    due.sort(key=lambda one: bool(rows_read.get(one, {}).get("failures")))  # whoever has failed before comes last
    last = today.add(days=GAP_MAX)  # a later day was noted by a clock that went wrong
    waiting = {one: day for one in due if (day := rows_read.get(one, {}).get("ask_again")) and today < day <= last}
    if len(waiting) == len(people):
        waiting = {}  # where nobody's details can be read, the reason lies in no person
    return DetailQueue(
        [Task(endpoint, parent=one, reason=Reason.CHANGED) for one in due if one not in waiting],
        waiting,
        rows_read,
        figures,
        len(people),
        frozenset(read.keys() - people),
        sorted((people.keys() - due) & {one for one, text in read.items() if text != figures.get(one)}),
    )


def delete_strangers(endpoint: Endpoint, queue: DetailQueue, warehouse: Warehouse) -> None:
    """Delete the details of people who are not listed any more, because nobody reads them again."""
    if queue.strangers:
        for table in (endpoint.name, read_table(endpoint)):
            warehouse.change(delete(table, [one_of(_parents(endpoint).column, sorted(queue.strangers))]))


def read_table(endpoint: Endpoint) -> str:
    """Name of the table that says whose details are loaded."""
    return f"{endpoint.name}__read"


def read_rows(
    endpoint: Endpoint, answers: Iterable[Answer], queue: DetailQueue, failed: Mapping[str, Date], tenant: str | None
) -> list[DltResource]:
    """Make the table of the people whose details these answers are.

    Args:
        endpoint: what was asked.
        answers: what was answered.
        queue: whose details were due.
        failed: people whose details could not be read -> day from which on they are asked for again.
        tenant: whose rows they are.
    """
    columns = read_columns(endpoint)
    key = [column.name for column in columns[:2]]
    rows: list[dict[str, Any]] = [
        {
            key[0]: answer.tenant,
            key[1]: answer.task.parent,
            "figures": queue.figures[answer.task.parent],
            "row_count": answer.rows,
            "read_at": pendulum.now("UTC"),
        }
        for answer in answers
    ]
    rows += [
        {
            **queue.read.get(one, {}),
            key[0]: tenant,
            key[1]: one,
            "failures": _failures(queue, one) + 1,
            "ask_again": day,
        }
        for one, day in failed.items()
    ]
    return own_table(read_table(endpoint), columns, key, rows, _described(endpoint))


def asked_again(queue: DetailQueue, people: Iterable[str], today: Date) -> dict[str, Date]:
    """Day from which on each of these people is asked for again: 1, 2, 4 and up to 32 days after a failure."""
    return {one: today.add(days=min(2 ** _failures(queue, one), GAP_MAX)) for one in people}


def rewritten_rows(endpoint: Endpoint, queue: DetailQueue) -> list[DltResource]:
    """Make the rows of people whose figures an earlier version has written, as this one writes them."""
    columns = read_columns(endpoint)
    key = [column.name for column in columns[:2]]
    changed = [{**queue.read[one], "figures": queue.figures[one]} for one in queue.rewritten]
    return own_table(read_table(endpoint), columns, key, changed, _described(endpoint))


def read_columns(endpoint: Endpoint) -> tuple[Column, ...]:
    """Columns of the table that says whose details are loaded."""
    return (
        *endpoint.request_columns,
        Column(
            name="figures", type=Type.TEXT, description="Their figures then; when these change, they are read again."
        ),
        Column(name="row_count", type=Type.BIGINT, description="Rows of the answer."),
        Column(name="read_at", type=Type.TIMESTAMP, description="When it was read."),
        Column(name="failures", type=Type.BIGINT, description="How often the API has failed since; null after none."),
        Column(
            name="ask_again", type=Type.DATE, description="Day from which on it is asked for again after a failure."
        ),
    )


def _failures(queue: DetailQueue, one: str) -> int:
    return int(queue.read.get(one, {}).get("failures") or 0)


def _parents(endpoint: Endpoint) -> Parents:
    if endpoint.parents is None:
        raise ValueError(f"{endpoint.name} has no parents")
    return endpoint.parents


def _described(endpoint: Endpoint) -> str:
    return f"Whose {endpoint.name} are loaded."


def _columns(parents: Parents, name: str) -> tuple[str, ...]:
    """Columns that are asked for of everybody's latest row: first those that tell a change."""
    more = parents.rank_by if name == parents.endpoint else ()
    return tuple(dict.fromkeys((*parents.signature[name], *more)))


def _signatures(
    parents: Parents, endpoint: Endpoint, latest: Mapping[str, tuple[Any, ...]], warehouse: Warehouse
) -> Mapping[str, Mapping[str, Any]]:
    """By person, what tells whether their details have changed, as far as one endpoint knows them."""
    names = parents.signature[endpoint.name]
    found = {one: dict(zip(names, values, strict=False)) for one, values in latest.items()}
    who = {parents.column: Type.TEXT}
    summed, largest_of = parents.summed.get(endpoint.name), parents.largest.get(endpoint.name, ())
    if summed is not None:
        told = (*(f"sum_of_{name}" for name in summed), "rows")
        _add(found, told, warehouse.ask(sums(endpoint.name, who, summed)))
    if largest_of:
        types = types_of(column for column in endpoint.columns if column.name in largest_of)
        told = tuple(f"largest_{name}" for name in types)
        _add(found, told, warehouse.ask(largest(endpoint.name, who, types)))
    return found


def _add(found: Mapping[str, dict[str, Any]], names: Sequence[str], answers: Iterable[tuple[Any, ...]]) -> None:
    for who, *values in answers:
        if who in found:
            found[who].update(zip(names, values, strict=True))


def _read(endpoint: Endpoint, warehouse: Warehouse) -> Mapping[str, Row]:
    """What is known of everybody whose details were asked for; an earlier version has made fewer columns."""
    there = warehouse.columns(read_table(endpoint))
    columns = {name: kind for name, kind in types_of(read_columns(endpoint)).items() if name in there}
    if not columns:
        return {}
    found = [dict(zip(columns, row, strict=True)) for row in warehouse.ask(rows(read_table(endpoint), columns))]
    return {row[_parents(endpoint).column]: row for row in found}


def _is_same(before: str | None, now: str, parents: Parents) -> bool:
    """Whether figures are what they were; an earlier version has written fewer of them, the first one as lists."""
    if before is None or before == now:
        return before is not None
    then, new = orjson.loads(before), orjson.loads(now)
    named = {
        name: dict(zip(parents.signature[name], values, strict=False)) if isinstance(values, list) else values
        for name, values in then.items()
        if name in new
    }
    return then.keys() == new.keys() and all(values.items() <= new[name].items() for name, values in named.items())


def _text(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """Figures as text; numbers are rounded, because a sum may come out differently in its last digits."""
    written = {name: {column: _written(one) for column, one in found.items()} for name, found in figures.items()}
    return orjson.dumps(written).decode()


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, str) else round(float(value), 6)


def _size(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    return float(value or 0)
