"""DuckDB as a destination whose file and dataset may share a name, such as `atribu.duckdb` and `atribu`.

DuckDB calls the catalog after the file and takes `atribu.channels` for ambiguous when a schema has that name too; dlt
leaves the catalog out of its SQL. Here every name is written in full: catalog, schema, table.

A file that another process has open is waited for wherever a connection is opened.
"""

import time
from pathlib import Path
from typing import Any, Final

import duckdb as database
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.schema import Schema
from dlt.destinations import duckdb
from dlt.destinations.exceptions import DestinationConnectionError
from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

from pipelines.destinations.waiting import STOP, DestinationBusyError
from pipelines.sql.duckdb_file import attach_copy, checkpoint, copy_database, detach_copy, own_name
from pipelines.sql.statement import Statement

RETRY_SECONDS: Final = 0.2
"""How often a file that another process holds is tried again."""


class DuckDbFile(duckdb):
    """dlt's DuckDB destination, with names written in full, and with patience.

    Attributes:
        wait: seconds to wait for a file that another process holds.
        note: what a user should know of the file; empty for nothing.
    """

    wait = 0.0
    note = ""
    _partial: DuckDbClientConfiguration | None = None

    def configuration(
        self,
        initial_config: Any,
        accept_partial: bool = False,  # noqa: FBT001, FBT002 - as in dlt
    ) -> DuckDbClientConfiguration:
        """Return the configuration; that without credentials, which dlt asks for all the time, is made out once."""
        if not accept_partial:
            return super().configuration(initial_config)
        self._partial = self._partial or super().configuration(initial_config, accept_partial)
        return self._partial

    def client(self, schema: Schema, initial_config: Any = None) -> DuckDbClient:
        """Return a client that waits."""
        client = super().client(schema, initial_config)
        client.sql_client.wait = self.wait  # type: ignore[attr-defined] # it is ours
        return client

    def rewrite(self) -> None:
        """Copy the database into a new file: the old one still holds what was deleted, in blocks that are free.

        Raises:
            DestinationBusyError: another process holds the file, or it cannot be copied.
        """
        file = Path(str(self.config_params["credentials"]))
        copy = file.with_suffix(".rewritten")
        copy.unlink(missing_ok=True)
        try:
            with database.connect(str(file)) as connection:  # held until the end, so that nobody writes meanwhile
                _execute(connection, checkpoint())
                _execute(connection, attach_copy(str(copy)))
                ((name,),) = _execute(connection, own_name()).fetchall()
                _execute(connection, copy_database(name))
                _execute(connection, detach_copy())
                copy.chmod(file.stat().st_mode & 0o777)
                copy.replace(file)
        except database.Error as error:
            copy.unlink(missing_ok=True)
            raise DestinationBusyError(
                "rows are deleted, but the DuckDB file cannot be rewritten and holds them in free blocks still"
                f" ({type(error).__name__}); run elt forget again, it rewrites the file whomever it is told to forget"
            ) from None

    @property
    def client_class(self) -> type[DuckDbClient]:
        """The client that writes them."""
        return _Client


class _SqlClient(DuckDbSqlClient):
    wait = 0.0

    def open_connection(self) -> Any:
        deadline = time.monotonic() + self.wait
        while True:
            try:
                return super().open_connection()
            except DestinationConnectionError as error:
                text = " ".join(str(error.inner_exc).split())
                if "Conflicting lock" not in text and "Could not set lock" not in text:
                    raise
                if time.monotonic() >= deadline or STOP.is_set():
                    raise DestinationBusyError(
                        "the DuckDB file is held by another process, close it or run again later:"
                        f" {text.partition('See also')[0].strip()}"
                    ) from error
            time.sleep(RETRY_SECONDS)

    def catalog_name(self, quote: bool = True, casefold: bool = True) -> str | None:  # noqa: ARG002, FBT001, FBT002 - as in dlt
        name = Path(self.credentials.database).stem
        return str(self.capabilities.escape_identifier(name)) if quote else name

    def warn_if_catalog_equals_dataset_name(self) -> None:
        """Nothing to warn of."""


class _Client(DuckDbClient):
    def __init__(
        self, schema: Schema, config: DuckDbClientConfiguration, capabilities: DestinationCapabilitiesContext
    ) -> None:
        super().__init__(schema, config, capabilities)
        names = self.create_dataset_names(schema, config)
        self.sql_client: Any = _SqlClient(*names, config.credentials, capabilities)


def _execute(connection: database.DuckDBPyConnection, statement: Statement) -> database.DuckDBPyConnection:
    return connection.execute(statement.expression.sql("duckdb"))
