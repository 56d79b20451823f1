"""What is loaded, asked of the destination in SQL: sums for checks, rows for comparison."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

import dlt
from dlt.destinations.job_client_impl import SqlJobClientBase
from dlt.destinations.sql_client import SqlClientBase
from pendulum import UTC, Date

from pipelines.sync.sums import Sums
from sources.rest.catalogue import Endpoint, Kind
from sources.rest.tasks import Task
from sources.rest.windows import Grain, Window

Row = dict[str, Any]


class Warehouse:
    """The tables of one pipeline; a connection is open only while a query runs.

    Args:
        pipeline: where the tables are.
        grain: length of the windows of aggregate rows.
    """

    def __init__(self, pipeline: dlt.Pipeline, grain: Grain) -> None:
        self._pipeline = pipeline
        self._grain = grain
        self._client: SqlClientBase[Any] | None = None

    def tables(self) -> set[str]:
        """Names of the tables that exist."""
        if not self._pipeline.schema_names:
            return set()
        names = list(self._pipeline.default_schema.tables)
        with self._pipeline.destination_client() as client:
            storage = cast("SqlJobClientBase", client).get_storage_tables(names)
            return {name for name, columns in storage if columns}

    def has(self, table: str) -> bool:
        """Whether a table exists."""
        return table in self.tables()

    def sums(self, task: Task, without: Iterable[Window]) -> Sums:
        """Sum the additive metrics of a task's window per key, leaving some windows out."""
        endpoint = task.endpoint
        keys, metrics = endpoint.sum_by, tuple(endpoint.additive)
        left_out = [window.start for window in without]
        selected = [*map(self._name, keys), *(f"SUM({self._name(metric)})" for metric in metrics), "COUNT(*)"]
        where, values = self._where(task)
        if left_out:
            where += f" AND {self._name('date')} NOT IN ({', '.join(['%s'] * len(left_out))})"
        group = f" GROUP BY {', '.join(map(self._name, keys))}" if keys else ""
        rows = self._select(selected, endpoint.name, where + group, [*values, *left_out])
        width = len(keys)
        return Sums(
            {
                row[:width]: {metric: float(value or 0) for metric, value in zip(metrics, row[width:-1], strict=True)}
                for row in rows
                if row[-1]
            },
            {row[:width]: row[-1] for row in rows if row[-1]},
        )

    def rows(self, task: Task) -> list[Row]:
        """Rows of a task's window, with every column of the catalogue."""
        names = [column.name for column in task.endpoint.columns]
        where, values = self._where(task)
        dates = [] if task.endpoint.by_day else [self._name("date")]
        found = self._select([*dates, *map(self._name, names)], task.endpoint.name, where, values)
        heads = names if task.endpoint.by_day else ["date", *names]
        return [dict(zip(heads, row, strict=True)) for row in found]

    def rows_per_day(self, endpoint: Endpoint, today: Date) -> dict[str, float]:
        """How many rows a day of an entity has, by variant, over the days since its first row."""
        moment = self._name(endpoint.moment)
        names = list(map(self._name, endpoint.by))
        selected = [*names, "COUNT(*)", f"MIN({moment})"]
        rows = self._select(selected, endpoint.name, "1 = 1" + (f" GROUP BY {', '.join(names)}" if names else ""), [])
        return {
            " ".join(row[: len(names)]): row[-2] / max(1, (today - _day(row[-1])).days + 1)
            for row in rows
            if row[-1] is not None
        }

    def keys_between(self, task: Task, start: datetime, end: datetime) -> set[tuple[Any, ...]]:
        """Keys of the rows of a variant of an entity that happened between two moments."""
        endpoint = task.endpoint
        moment = self._name(endpoint.moment)
        constants = "".join(f" AND {self._name(param)} = %s" for param, _ in task.variant)
        values = [start, end, *(value for _, value in task.variant)]
        where = f"{moment} >= %s AND {moment} < %s{constants}"
        return set(self._select(list(map(self._name, endpoint.key)), endpoint.name, where, values))

    def latest(self, endpoint: Endpoint, column: str, figures: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """Some columns of everybody's latest row of an entity, by the column that says who it is."""
        who, columns = self._name(column), ", ".join(map(self._name, figures))
        order = ", ".join([f"{self._name(endpoint.moment)} DESC", *map(self._name, endpoint.key)])
        with self._client_() as client:
            # names come from the catalogue
            table = client.make_qualified_table_name(endpoint.name)
            query = (
                f"SELECT {who}, {columns} FROM (SELECT {who}, {columns}, ROW_NUMBER() OVER"  # noqa: S608
                f" (PARTITION BY {who} ORDER BY {order}) AS place FROM {table}"
                f" WHERE {who} IS NOT NULL) AS ranked WHERE place = 1"
            )
            with client.execute_query(query) as cursor:
                return {row[0]: tuple(row[1:]) for row in cursor.fetchall()}

    def pairs(self, table: str, one: str, other: str) -> dict[str, Any]:
        """Two columns of a table, as key and value."""
        return dict(self._select([self._name(one), self._name(other)], table, "1 = 1", []))

    def delete(self, table: str, column: str, values: Sequence[str]) -> None:
        """Delete the rows that have one of some values."""
        with self._client_() as client:
            where = f"{self._name(column)} IN ({', '.join(['%s'] * len(values))})"
            client.execute_sql(f"DELETE FROM {client.make_qualified_table_name(table)} WHERE {where}", *values)  # noqa: S608 - as below

    def _where(self, task: Task) -> tuple[str, list[Any]]:
        window = task.window
        if window is None:
            raise ValueError(f"{task.endpoint.name} has no dates")
        conditions = [f"{self._name('date')} BETWEEN %s AND %s"]
        values: list[Any] = [window.start, window.end]
        constants = dict(task.variant)
        if task.endpoint.kind is Kind.AGGREGATE:
            constants["grain"] = self._grain.value
        for name, value in constants.items():
            conditions.append(f"{self._name(name)} = %s")
            values.append(value)
        return " AND ".join(conditions), values

    def _client_(self) -> SqlClientBase[Any]:
        """Making a client costs more than a query, opening its connection does not."""
        self._client = self._client or self._pipeline.sql_client()
        return self._client

    def _name(self, column: str) -> str:
        return f'"{column}"'

    def _select(self, what: Sequence[str], table: str, where: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._client_() as client:
            # names come from the catalogue, values are passed beside the text
            query = f"SELECT {', '.join(what)} FROM {client.make_qualified_table_name(table)} WHERE {where}"  # noqa: S608
            with client.execute_query(query, *values) as cursor:
                return [tuple(row) for row in cursor.fetchall()]


def _day(moment: datetime) -> Date:
    there = moment.astimezone(UTC)
    return Date(there.year, there.month, there.day)
