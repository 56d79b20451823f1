"""What is loaded, asked of the destination in SQL: sums for checks, rows for comparison."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import dlt
from dlt.destinations.job_client_impl import SqlJobClientBase
from dlt.destinations.sql_client import SqlClientBase

from pipelines.sync.sums import Key, Sums
from sources.rest.catalogue import Kind
from sources.rest.tasks import Task
from sources.rest.windows import Grain, Window

Row = dict[str, Any]


class Warehouse:
    """Reads the tables of one pipeline; a connection is open only while a query runs.

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

    def sums(self, task: Task, without: Iterable[Window]) -> Sums:
        """Sum the additive metrics of a task's window per key, leaving some windows out."""
        endpoint = task.endpoint
        left_out = [window.start for window in without]
        where, values = self._where(task)
        if left_out:
            where += f" AND {self._name('date')} NOT IN ({', '.join(['%s'] * len(left_out))})"
        sums: dict[Key, dict[str, float]] = {}
        counts: dict[Key, int] = {}
        for table in endpoint.summed:
            keys = endpoint.sum_by if table == endpoint.name else ()
            metrics = [column.name for column in endpoint.tables[table] if column.adds]
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
        for table in task.endpoint.summed:
            own = {column.name for column in task.endpoint.tables[table]}
            heads = [name for name in dict.fromkeys(["date", *names]) if name in own]
            found = self._select([self._name(name) for name in heads], table, where, values)
            rows += [dict(zip(heads, row, strict=True)) for row in found]
        return rows

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

    def _name(self, column: str) -> str:
        return f'"{column}"'

    def _select(self, what: Sequence[str], table: str, where: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        # making a client costs more than a query, opening its connection does not
        self._client = self._client or self._pipeline.sql_client()
        with self._client as client:
            # names come from the catalogue, values are passed beside the text
            query = f"SELECT {', '.join(what)} FROM {client.make_qualified_table_name(table)} WHERE {where}"  # noqa: S608
            with client.execute_query(query, *values) as cursor:
                return [tuple(row) for row in cursor.fetchall()]
