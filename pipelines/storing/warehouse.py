"""What is loaded, asked of the destination in SQL: sums for checks, rows for comparison."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

import dlt
from dlt.destinations.job_client_impl import SqlJobClientBase
from dlt.destinations.sql_client import SqlClientBase
from pendulum import UTC, Date

from pipelines.proving.sums import Key, Sums
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window

Row = dict[str, Any]

VALUES_MAX: Final = 100
"""Most values of a column that a query lists; of more it names the first and the last."""


class Warehouse:
    """The tables of one pipeline.

    Opening a DuckDB file costs more than many queries, so that the connection of the first one stays until it is given
    back; as long as it is open, no other process can read the file.

    Args:
        pipeline: where the tables are.
        grain: length of the windows of aggregate rows.
    """

    def __init__(self, pipeline: dlt.Pipeline, grain: Grain) -> None:
        self._pipeline = pipeline
        self._grain = grain
        self._client: SqlClientBase[Any] | None = None
        self._opened = False
        self._found: set[str] = set()

    def release(self) -> None:
        """Let others at the destination: close the connection, if one is open."""
        if self._client and self._opened:
            self._client.close_connection()
        self._opened = False

    def tables(self, also: Iterable[str] = ()) -> set[str]:
        """Names of tables that exist, of those in dlt's schema and of others: the schema may be lost."""
        if not self._pipeline.schema_names:
            return set()
        names = {*self._pipeline.default_schema.tables, *also} - self._found
        if names:
            with self._pipeline.destination_client() as client:
                storage = cast("SqlJobClientBase", client).get_storage_tables(names)
                self._found |= {name for name, columns in storage if columns}
        return set(self._found)

    def has(self, table: str) -> bool:
        """Whether a table exists."""
        return table in self.tables()

    def sums(self, task: Task, without: Iterable[Window]) -> Sums:
        """Sum the additive metrics of a task's window per key, leaving some windows out."""
        endpoint = task.endpoint
        left_out = [window.start for window in without]
        where, values = self._where(task)
        if left_out:
            where += f" AND {self._name('date')} NOT IN ({', '.join(['%s'] * len(left_out))})"
        sums: dict[Key, dict[str, float]] = {}
        counts: dict[Key, int] = {}
        for table in endpoint.reconciled_tables:
            keys = endpoint.sum_by if table == endpoint.name else ()
            metrics = [column.name for column in endpoint.tables[table] if column.additive]
            selected = [*map(self._name, keys), *(f"SUM({self._name(metric)})" for metric in metrics), "COUNT(*)"]
            group = f" GROUP BY {', '.join(map(self._name, keys))}" if keys else ""
            for row in self._select(selected, table, where + group, [*values, *left_out]):
                key = row[: len(keys)] or (None,) * len(endpoint.sum_by)
                if row[-1]:
                    sums[key] = dict(zip(metrics, (float(one or 0) for one in row[len(keys) : -1]), strict=True))
                    counts[key] = row[-1]
        return Sums(sums, counts)

    def rows(self, task: Task) -> list[Row]:
        """Rows of a task's window and of their totals: every column of the rows, as far as a table has it."""
        names = [column.name for column in task.endpoint.columns]
        where, values = self._where(task)
        rows = []
        for table in task.endpoint.reconciled_tables:
            own = {column.name for column in task.endpoint.tables[table]}
            heads = [name for name in dict.fromkeys(["date", *names]) if name in own]
            found = self._select([self._name(name) for name in heads], table, where, values)
            rows += [dict(zip(heads, row, strict=True)) for row in found]
        return rows

    def rows_per_day(self, endpoint: Endpoint, today: Date) -> dict[str, float]:
        """How many rows a day of an entity has, by variant, over the days since its first row."""
        moment = self._name(endpoint.time_column)
        names = [self._name(column.name) for column in endpoint.variant_columns]
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
        moment = self._name(endpoint.time_column)
        constants = "".join(f" AND {self._name(param)} = %s" for param, _ in task.variant)
        values = [start, end, *(value for _, value in task.variant)]
        where = f"{moment} >= %s AND {moment} < %s{constants}"
        return set(self._select(list(map(self._name, endpoint.key)), endpoint.name, where, values))

    def latest(self, endpoint: Endpoint, column: str, figures: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """Some columns of everybody's latest row of an entity, by the column that says who it is."""
        who, columns = self._name(column), ", ".join(map(self._name, figures))
        order = ", ".join([f"{self._name(endpoint.time_column)} DESC", *map(self._name, endpoint.key)])
        client = self._connected()
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

    def holding(self, table: str, values: Mapping[str, Collection[Any]]) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Columns of a table, and at least those of its rows that hold one of the values in each of some columns."""
        conditions, given = ["1 = 1"], []
        for name, wanted in values.items():
            if 0 < len(wanted) <= VALUES_MAX:
                conditions.append(f"{self._name(name)} IN ({', '.join(['%s'] * len(wanted))})")
                given += list(wanted)
            elif wanted:
                conditions.append(f"{self._name(name)} BETWEEN %s AND %s")
                given += [min(wanted), max(wanted)]
        return self._ask(["*"], table, " AND ".join(conditions), given)

    def delete(self, table: str, column: str, values: Sequence[str]) -> None:
        """Delete the rows that have one of some values."""
        client = self._connected()
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

    def _connected(self) -> SqlClientBase[Any]:
        """Making a client costs more than a query, and opening a file does too."""
        self._client = self._client or self._pipeline.sql_client()
        if not self._opened:
            self._client.open_connection()
            self._opened = True
        return self._client

    def _name(self, column: str) -> str:
        return f'"{column}"'

    def _select(self, what: Sequence[str], table: str, where: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._ask(what, table, where, values)[1]

    def _ask(
        self, what: Sequence[str], table: str, where: str, values: Sequence[Any]
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        client = self._connected()
        # names come from the catalogue, values are passed beside the text
        query = f"SELECT {', '.join(what)} FROM {client.make_qualified_table_name(table)} WHERE {where}"  # noqa: S608
        with client.execute_query(query, *values) as cursor:
            return [column[0] for column in cursor.description], [tuple(row) for row in cursor.fetchall()]


def _day(moment: datetime) -> Date:
    there = moment.astimezone(UTC)
    return Date(there.year, there.month, there.day)
