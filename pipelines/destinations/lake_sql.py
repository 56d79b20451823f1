"""Statements of the SQL room, asked of the tables of a lake.

A lake has no engine of its own. Tables that a statement names are brought into a DuckDB in memory, as far as they have
changed since, and what a statement changes there is written back whole. That takes no extension of DuckDB, which it
would download, and serves every format alike.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from typing import Any, Final

import duckdb
import pyarrow as pa
import sqlglot
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.destinations.impl.duckdb.sql_client import WithTableScanners
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient
from dlt.destinations.impl.filesystem.sql_client import FilesystemSqlClient
from dlt.destinations.typing import DBTransaction
from sqlglot import exp

from pipelines.destinations.lake_files import names_in
from pipelines.destinations.lake_tables import LakeTables, Snapshot
from pipelines.sql import lake

_CHANGES: Final = (exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Alter)
_BROUGHT: Final = "brought_from_the_lake"

_numbers: Final = count(1)
_guard: Final = threading.Lock()


@cache
def _memory() -> duckdb.DuckDBPyConnection:
    """The database in memory: to make one takes longer than to ask it, so that a process has one for all clients."""
    return duckdb.connect(":memory:")


class LakeSqlClient(FilesystemSqlClient):
    """Asks and changes the tables of a lake.

    Args:
        client: dlt's.
        tables: those of its dataset.
    """

    def __init__(self, client: FilesystemClient, tables: LakeTables) -> None:
        self._catalog = f"lake_{next(_numbers)}"
        with _guard:  # a connection that another thread uses at the moment refuses
            self._own = _memory().cursor()
        self._own.execute(lake.attach_memory(self._catalog))
        super().__init__(client, client.dataset_name, DuckDbCredentials(self._own))
        self.tables = tables
        self._brought: dict[str, Snapshot | None] = {}  # by the name of the table in the database in memory
        self._changed: dict[str, None] | None = None

    def __del__(self) -> None:
        """Let go of the tables in memory."""
        with suppress(duckdb.Error):
            self._own.execute(lake.detach_memory(self._catalog))
            self._own.close()

    def catalog_name(self, quote: bool = True, casefold: bool = True) -> str | None:  # noqa: ARG002, FBT001, FBT002 - as in dlt
        """What the client's own part of the database in memory is called."""
        return str(self.capabilities.escape_identifier(self._catalog)) if quote else self._catalog

    def open_connection(self) -> Any:
        """Open the database in memory; it reads no file itself, and needs no credentials."""
        connection = super(FilesystemSqlClient, self).open_connection()
        connection.execute(lake.IN_UTC)
        return connection

    @contextmanager
    def execute_query(self, query: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Execute a statement about the lake's tables as they are now.

        Raises:
            WrittenMeanwhileError: somebody else has changed a table at the same moment.
        """
        tree = sqlglot.parse_one(query.replace("%s", "?"), read="duckdb")
        self._conn.execute(lake.make_schema(self.fully_qualified_dataset_name()))
        for name in {table.name for table in tree.find_all(exp.Table) if table.db in ("", self.dataset_name)}:
            self._bring(name)
        with super(WithTableScanners, self).execute_query(query, *args, **kwargs) as cursor:
            if isinstance(tree, _CHANGES):
                changed = tree.find(exp.Table)
                assert changed is not None  # noqa: S101 - each of them is about a table
                self._note(changed.name)
            yield cursor

    @contextmanager
    def begin_transaction(self) -> Iterator[DBTransaction]:
        """Let a table be written once for all its changes, in the order in which the tables were first changed.

        No transaction spans two tables: whoever is cut off between them begins again.
        """
        self._changed = {}
        try:
            with super().begin_transaction() as transaction:
                yield transaction
                for name in self._changed:
                    self._write(name)
        except BaseException:
            self._brought.clear()  # the database in memory has gone back, or nobody knows
            raise
        finally:
            self._changed = None

    @contextmanager
    def with_alternative_dataset_name(self, dataset_name: str) -> Iterator[Any]:
        """Speak of another dataset for a while."""
        before, self.remote_client.dataset_name = self.remote_client.dataset_name, dataset_name
        try:
            with super().with_alternative_dataset_name(dataset_name):
                yield self
        finally:
            self.remote_client.dataset_name = before

    def has_dataset(self) -> bool:
        """Whether the dataset has a folder."""
        return bool(names_in(self.remote_client.fs_client, self.remote_client.dataset_path.rstrip("/")))

    def create_dataset(self) -> None:
        """Make the folder."""
        self.remote_client.create_dataset()

    def drop_dataset(self) -> None:
        """Remove the folder and all that is in it."""
        with suppress(FileNotFoundError):  # a bucket has no folder of which every file is gone
            self.remote_client.drop_dataset()

    def drop_tables(self, *tables: str) -> None:
        """Remove tables of the engine's own."""
        for name in tables:
            self.tables.drop(name)

    def _note(self, name: str) -> None:
        if self._changed is None:
            self._write(name)
        else:
            self._changed[name] = None

    def _bring(self, name: str) -> None:
        """Bring a table into the database in memory, unless it is there as it is in the lake."""
        if self._changed and name in self._changed:
            return
        path = self.make_qualified_table_name(name)
        before = self._brought.get(path)
        if before is not None and self.tables.is_as(before, name):
            return
        found = self.tables.snapshot(name)
        if found is None:
            self._conn.execute(lake.drop_copy(path))
        else:
            self._conn.register(_BROUGHT, found.read())
            self._conn.execute(lake.make_copy(path, _BROUGHT))
            self._conn.unregister(_BROUGHT)
        self._brought[path] = found

    def _write(self, name: str) -> None:
        """Write what the database in memory holds of a table back to the lake."""
        path = self.make_qualified_table_name(name)
        found: pa.Table = self._conn.sql(lake.whole(path)).to_arrow_table()
        self.tables.overwrite(name, found, self._brought.pop(path, None))
