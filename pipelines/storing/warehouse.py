"""What is loaded, asked of the destination: the one place that sends it statements."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast

import dlt
import pendulum
from dlt.common.destination.client import WithStagingDataset
from dlt.common.schema import Schema
from dlt.destinations.job_client_impl import SqlJobClientBase
from dlt.destinations.sql_client import SqlClientBase
from pendulum import Date

from pipelines.destinations.executing import streamed
from pipelines.destinations.meanwhile import made_by_somebody
from pipelines.sql.conditions import after, before, between, of_variant, of_window, one_of, since
from pipelines.sql.earlier import Renamed, named_as_today
from pipelines.sql.profiles import of_profile, restricted
from pipelines.sql.reading import Columns, counts_since_first, latest_rows, rows, sums, types_of
from pipelines.sql.rendering import names_of, render
from pipelines.sql.statement import Statement
from pipelines.storing.sums import Key, Sums
from pipelines.storing.values import from_destination, to_destination
from sources.rest.catalogue.columns import Type
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain

Row = dict[str, Any]

VALUES_MAX: Final = 100
"""Most values of a column that a query lists; of more it names the first and the last, unless they are ids."""

IDS_MAX: Final = 1_000
"""Most ids that a query lists; of more it takes several."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whose rows of a dataset are spoken of.

    Attributes:
        profile: tells the id of the profile, as soon as that is known.
        nameless: rows that name no profile are its own: it was the only one, and had no name.
        untold: tables whose rows name no profile at all; what they hold is told apart by what was asked for.
    """

    profile: Callable[[], str | None]
    nameless: bool = True
    untold: frozenset[str] = frozenset()


class Warehouse:
    """The rows of one profile in the tables of a dataset.

    Every statement that goes through here speaks of this profile's rows alone: whoever makes one need not think of it.

    Opening a DuckDB file costs more than many queries, so that the connection of the first one stays until it is given
    back; as long as it is open, no other process can read the file.

    Args:
        pipeline: where the tables are.
        grain: length of the windows of aggregate rows.
        owner: whose rows they are.
        turn: held while something is changed, where one at a time may.
    """

    def __init__(
        self,
        pipeline: dlt.Pipeline,
        grain: Grain,
        owner: Owner,
        turn: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._pipeline = pipeline
        self._grain = grain
        self._owner = owner
        self._turn = turn
        self._client: SqlClientBase[Any] | None = None
        self._opened = False
        self._found: set[str] = set()
        self._absent: set[str] = set()
        self._renamed: Mapping[str, Renamed] = {}

    def name_as_today(self, tables: Mapping[str, Renamed]) -> None:
        """Ask some tables from now on as if their columns were called as today; only to read them."""
        self._renamed = tables

    def connect(self) -> None:
        """Open a connection, which stays until it is given back."""
        self._connected()

    def release(self) -> None:
        """Let others at the destination: close the connection, if one is open."""
        if self._client and self._opened:
            self._client.close_connection()
        self._opened = False

    def look_again(self) -> None:
        """Ask again which tables and columns there are: something was loaded since."""
        self._absent.clear()

    def ask(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Rows that answer a statement, each value of its column's type."""
        client = self._connected()
        text, values = self._rendered(statement)
        with client.execute_query(text, *values) as cursor:
            return from_destination(cursor.fetchall(), statement.types)

    def stream(self, statement: Statement, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """Rows that answer a statement, so many at a time: the whole answer is never in memory."""
        client = self._connected()
        with streamed(client, *self._rendered(statement)) as cursor:
            while found := cursor.fetchmany(size):
                yield from_destination(found, statement.types)

    def change(self, statement: Statement) -> None:
        """Execute a statement that answers nothing."""
        client = self._connected()
        text, values = self._rendered(statement)
        with self._turn():
            client.execute_sql(text, *values)
        self.look_again()

    @contextmanager
    def transaction(self, *, staging: bool = False) -> Iterator[None]:
        """Let all changes meanwhile come true together, or none, where the destination knows transactions.

        Args:
            staging: the tables meanwhile are those of the staging dataset.
        """
        client = self._connected()
        with self._turn(), client.with_staging_dataset() if staging else nullcontext(), client.begin_transaction():
            yield

    def save_schema(self, schema: Schema) -> None:
        """Keep dlt's schema, and make what it names and is not there yet, while others may make the same."""
        self._pipeline.schemas.save_schema(schema)
        with self._turn():
            made_by_somebody(self._make_tables)
        self.look_again()

    def _make_tables(self) -> None:
        with self._pipeline.destination_client() as client:
            client.update_stored_schema()

    @property
    def profile(self) -> str | None:
        """Id of the profile whose rows are spoken of; None as long as nobody has told it."""
        return self._owner.profile()

    @property
    def dialect(self) -> str | None:
        """Dialect of the destination, as sqlglot calls it."""
        return self._made().capabilities.sqlglot_dialect

    def tables(self, also: Iterable[str] = ()) -> set[str]:
        """Names of tables that exist, of those in dlt's schema and of others: the schema may be lost."""
        if not self._pipeline.schema_names:
            return set()
        names = {*self._pipeline.default_schema.tables, *also} - self._found - self._absent
        if names:
            with self._pipeline.destination_client() as client:
                storage = cast("SqlJobClientBase", client).get_storage_tables(names)
                self._found |= {name for name, columns in storage if columns}
            self._absent |= names - self._found
        return set(self._found)

    def has(self, table: str) -> bool:
        """Whether a table exists."""
        return table in self.tables()

    def staging_tables(self, names: Iterable[str]) -> list[str]:
        """Those of some tables that the staging dataset has."""
        with self._pipeline.destination_client() as client:
            if not isinstance(client, WithStagingDataset):
                return []
            with client.with_staging_dataset():
                storage = cast("SqlJobClientBase", client).get_storage_tables(names)
                return [name for name, columns in storage if columns]

    def stored_columns(self, table: str, *, staging: bool = False) -> set[str]:
        """Columns that a table has in the destination, or in its staging dataset; none where there is no table.

        Whether dlt's schema knows the table does not matter.
        """
        with self._pipeline.destination_client() as client:
            if staging and not isinstance(client, WithStagingDataset):
                return set()
            with client.with_staging_dataset() if isinstance(client, WithStagingDataset) and staging else nullcontext():
                ((_, columns),) = cast("SqlJobClientBase", client).get_storage_tables([table])
                return {*columns}

    def stored_types(self, tables: Iterable[str]) -> Mapping[str, Columns]:
        """Columns of tables as the destination has them, those that other profiles have made among them."""
        with self._pipeline.destination_client() as client:
            storage = list(cast("SqlJobClientBase", client).get_storage_tables(sorted(tables)))
        return {name: _typed(columns) for name, columns in storage if columns}

    def columns(self, table: str) -> Columns:
        """Columns of a table that exists, those that the catalogue does not know among them."""
        if not self.has(table) or table not in self._pipeline.default_schema.tables:
            return {}
        return _typed(self._pipeline.default_schema.tables[table]["columns"])

    def sums(self, task: Task) -> Sums:
        """Sum the additive metrics of a task's window per key."""
        return self._sums(task, {}).get(None, Sums())

    def sums_by_day(self, task: Task) -> Mapping[date | None, Sums]:
        """Sum the additive metrics of each window inside a task's per key, by the window's first day."""
        return self._sums(task, {"date": Type.DATE})

    def _sums(self, task: Task, first: Columns) -> Mapping[date | None, Sums]:
        endpoint = task.endpoint
        found: dict[date | None, tuple[dict[Key, Mapping[str, float]], dict[Key, int]]] = {}
        for table in endpoint.reconciled_tables:
            types = types_of(endpoint.tables[table])
            keys = {name: types[name] for name in (endpoint.sum_by if table == endpoint.name else ())}
            metrics = [column.name for column in endpoint.tables[table] if column.additive]
            for row in self.ask(sums(table, {**first, **keys}, metrics, of_window(task, self._grain))):
                day, rest = (row[0], row[1:]) if first else (None, row)
                key = rest[: len(keys)] or (None,) * len(endpoint.sum_by)
                if rest[-1]:
                    values, counts = found.setdefault(day, ({}, {}))
                    values[key] = dict(zip(metrics, (one or 0.0 for one in rest[len(keys) : -1]), strict=True))
                    counts[key] = rest[-1]
        return {day: Sums(*parts) for day, parts in found.items()}

    def rows(self, task: Task) -> list[Row]:
        """Rows of a task's window and of their totals: every column of the rows, as far as a table has it."""
        names = dict.fromkeys(["date", *(column.name for column in task.endpoint.columns)])
        found = []
        for table in task.endpoint.reconciled_tables:
            types = types_of(task.endpoint.tables[table])
            columns = {name: types[name] for name in names if name in types}
            answer = self.ask(rows(table, columns, of_window(task, self._grain)))
            found += [dict(zip(columns, row, strict=True)) for row in answer]
        return found

    def rows_since(self, endpoint: Endpoint, start: Date) -> dict[tuple[str, ...], tuple[int, Date]]:
        """How many rows of an entity happened since a day, and the day of the first of them, by values of a variant."""
        begin, by = pendulum.datetime(start.year, start.month, start.day), types_of(endpoint.variant_columns)
        moment = endpoint.time_column
        answer = self.ask(counts_since_first(endpoint.name, by, moment, [since(moment, begin)]))
        return {
            tuple(variant): (count, Date(first.year, first.month, first.day))
            for *variant, count, first in answer
            if first
        }

    def values(self, table: str, column: str) -> tuple[str, ...]:
        """Values of a column with text, each once."""
        return tuple(sorted(one for (one,) in self.ask(rows(table, {column: Type.TEXT}, distinct=True)) if one))

    def keys_between(self, task: Task, start: datetime, end: datetime) -> set[tuple[Any, ...]]:
        """Keys of the rows of a variant of an entity that happened between two moments."""
        endpoint = task.endpoint
        keys = types_of(column for column in endpoint.columns if column.key)
        where = [since(endpoint.time_column, start), before(endpoint.time_column, end), *of_variant(task, self._grain)]
        return set(self.ask(rows(endpoint.name, keys, where)))

    def keys_newer(self, task: Task, end: Date) -> set[tuple[Any, ...]]:
        """Keys of the rows of a variant of an entity whose figures stand for a range that ends after a day."""
        endpoint = task.endpoint
        keys = types_of(column for column in endpoint.columns if column.key)
        where = [after(endpoint.figures_columns[-1].name, end), *of_variant(task, self._grain)]
        return set(self.ask(rows(endpoint.name, keys, where)))

    def latest(self, endpoint: Endpoint, column: str, figures: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """Some columns of everybody's latest row of an entity, by the column that says who it is."""
        types = types_of(endpoint.table_columns)
        columns = {name: types[name] for name in figures}
        statement = latest_rows(endpoint.name, column, columns, moment=endpoint.time_column, key=endpoint.key)
        return {who: tuple(found) for who, *found in self.ask(statement)}

    def holding(self, table: str, values: Mapping[str, Collection[Any]]) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Columns of a table, and at least those of its rows that hold one of the values in each of some columns."""
        columns = self.columns(table)
        if not columns:
            return [], []
        few = [one_of(name, wanted) for name, wanted in values.items() if 0 < len(wanted) <= VALUES_MAX]
        many = {name: wanted for name, wanted in values.items() if len(wanted) > VALUES_MAX}
        texts = sorted((name for name in many if columns.get(name) is Type.TEXT), key=lambda name: len(many[name]))
        where = [
            *few,
            *(between(name, min(wanted), max(wanted)) for name, wanted in many.items() if name not in texts[-1:]),
        ]
        if not texts:
            return list(columns), self.ask(rows(table, columns, where))
        # ids lie anywhere between the first and the last of them
        ids = sorted(many[texts[-1]])
        parts = (ids[start : start + IDS_MAX] for start in range(0, len(ids), IDS_MAX))
        found = (self.ask(rows(table, columns, [*where, one_of(texts[-1], part)])) for part in parts)
        return list(columns), [row for rows_found in found for row in rows_found]

    def _rendered(self, statement: Statement) -> tuple[str, list[Any]]:
        client = self._connected()
        mine = of_profile(self._owner.profile(), and_nobodys=self._owner.nameless)
        spoken = restricted(statement, mine, self._is_told)
        asked = named_as_today(spoken, self._renamed) if self._renamed else spoken
        text, values = render(asked, names_of(client))
        return text, to_destination(values, client.capabilities)

    def _is_told(self, table: str) -> bool:
        """Whether the rows of a table name their profile; those of dlt's own never do."""
        return table not in self._owner.untold and not table.startswith("_dlt")

    def _connected(self) -> SqlClientBase[Any]:
        client = self._made()
        if not self._opened:
            client.open_connection()
            self._opened = True
        return client

    def _made(self) -> SqlClientBase[Any]:
        """Making a client costs more than a query, and opening a file does too."""
        self._client = self._client or self._pipeline.sql_client()
        return self._client


def _typed(columns: Mapping[str, Mapping[str, Any]]) -> Columns:
    kinds = {name: column.get("data_type") for name, column in columns.items()}
    return {name: Type(kind) if kind in set(Type) else Type.ANY for name, kind in kinds.items() if kind}
