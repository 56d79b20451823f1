"""What is loaded, asked of the destination in SQL: sums for checks, rows for comparison."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, cast

import dlt
from dlt.destinations.job_client_impl import SqlJobClientBase
from dlt.destinations.sql_client import SqlClientBase

from pipelines.sync.sums import Sums
from sources.rest.catalogue import Kind
from sources.rest.tasks import Task
from sources.rest.windows import Grain, Window

Row = dict[str, Any]

VALUES_MAX: Final = 100
"""Most values of a column that a query lists; of more it names the first and the last."""


class Warehouse:
    """Reads the tables of one pipeline.

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
        self._looked_for: set[str] = set()
        self._found: set[str] = set()

    def release(self) -> None:
        """Let others at the destination: close the connection, if one is open."""
        if self._client and self._opened:
            self._client.close_connection()
        self._opened = False

    def tables(self, also: Iterable[str] = ()) -> set[str]:
        """Names of those tables, of dlt's schema and of others, that existed when they were first asked for.

        The schema may be lost, so that others matter.
        """
        if not self._pipeline.schema_names:
            return set()
        names = {*self._pipeline.default_schema.tables, *also} - self._looked_for
        if names:
            with self._pipeline.destination_client() as client:
                storage = cast("SqlJobClientBase", client).get_storage_tables(names)
                self._found |= {name for name, columns in storage if columns}
            self._looked_for |= names
        return set(self._found)

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
        return self._ask(what, table, where, values)[1]

    def _ask(
        self, what: Sequence[str], table: str, where: str, values: Sequence[Any]
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        client = self._client = self._client or self._pipeline.sql_client()
        if not self._opened:
            client.open_connection()
            self._opened = True
        # names come from the catalogue, values are passed beside the text
        query = f"SELECT {', '.join(what)} FROM {client.make_qualified_table_name(table)} WHERE {where}"  # noqa: S608
        with client.execute_query(query, *values) as cursor:
            return [column[0] for column in cursor.description], [tuple(row) for row in cursor.fetchall()]
